"""A strict reader of MPEG transport streams (ISO/IEC 13818-1): one program, at most one video and one audio. Messages
begin with the clause, as those of rules.py; "own" is what the standard leaves open and Mezz never writes."""
from dataclasses import dataclass, field, replace

PACKET = 188
VIDEO, AAC = {0x1B: "h264", 0x24: "hevc"}, 0x0F
CLOCK = 27_000_000


def crc32(data):
    """CRC of a section with its CRC field; 0 when it is right."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte << 24
        for _ in range(8):
            crc = (crc << 1 ^ 0x04C11DB7 if crc & 0x80000000 else crc << 1) & 0xFFFFFFFF
    return crc


SAMPLE_RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)  # of ADTS


@dataclass
class Pes:
    pid: int
    stream_id: int
    pts: int
    dts: int
    payload: bytes
    random_access: bool


@dataclass
class Stream:
    """What was read so far; feed it the segments of one rendition in order."""
    counters: dict = field(default_factory=dict)
    pmt_pid: int = 0
    kinds: dict = field(default_factory=dict)  # pid: stream type
    pcr_pid: int = 0
    priming: dict = field(default_factory=dict)  # pid: its PES without PTS
    pcrs: list = field(default_factory=list)
    pes: list = field(default_factory=list)
    segments: list = field(default_factory=list)  # index into pes where each segment begins
    open: dict = field(default_factory=dict)

    def feed(self, data):
        """One segment: it must begin with PAT and PMT and stand alone."""
        assert len(data) % PACKET == 0 and data, f"13818-1 2.4.3: {len(data)} bytes is no whole number of packets"
        self.segments.append(len(self.pes))
        pids = []
        for at in range(0, len(data), PACKET):
            pids.append(self._packet(data[at:at + PACKET]))
        assert pids[0] == 0 and pids[1] == self.pmt_pid, "RFC 3.1.1: a segment begins with PAT, PMT"
        for pid in list(self.open):
            self._close(pid)

    def _packet(self, p):
        assert p[0] == 0x47, "13818-1 2.4.3.3: sync byte"
        assert not p[1] & 0x80 and not p[3] & 0xC0, "own: error indicator or scrambling"
        start, pid, control, counter = p[1] & 0x40, (p[1] & 0x1F) << 8 | p[2], p[3] >> 4 & 3, p[3] & 15
        assert control, "13818-1 2.4.3.3: adaptation_field_control 0"
        at, random_access = 4, False
        if control & 2:
            at, random_access = self._adaptation(p, pid, control)
        if pid == 0x1FFF:
            return pid
        previous = self.counters.get(pid)
        if previous is not None:
            expected = (previous + 1) % 16 if control & 1 else previous
            assert counter == expected, f"13818-1 2.4.3.3: PID {pid}: continuity counter {counter}, expected {expected}"
        self.counters[pid] = counter
        if control & 1:
            self._payload(pid, p[at:], bool(start), random_access)
        return pid

    def _adaptation(self, p, pid, control):
        length = p[4]
        assert length == 183 if control == 2 else length <= 182, f"13818-1 2.4.3.5: adaptation field of {length}"
        if not length:
            return 5, False
        flags, used = p[5], 1
        assert not flags & 0x80, "own: discontinuity indicator in a continuous stream"
        if flags & 0x10:
            base = int.from_bytes(p[6:10], "big") << 1 | p[10] >> 7
            assert p[10] & 0x7E == 0x7E, "13818-1 2.4.3.4: reserved bits of the PCR"
            self.pcrs.append((pid, base * 300 + ((p[10] & 1) << 8 | p[11])))
            used += 6
        assert not flags & 0x0F, "own: only PCR and stuffing expected"
        assert all(b == 0xFF for b in p[5 + used:5 + length]), "13818-1 2.4.3.5: stuffing is not 0xFF"
        return 5 + length, bool(flags & 0x40)

    def _payload(self, pid, payload, start, random_access):
        if pid == 0 or pid == self.pmt_pid:
            assert start, "own: a section of more than one packet"
            section = payload[1 + payload[0]:]
            length = 3 + (int.from_bytes(section[1:3], "big") & 0xFFF)
            clause = "13818-1 2.4.4.5" if pid == 0 else "13818-1 2.4.4.9"
            assert crc32(section[:length]) == 0, f"{clause}: PID {pid}: CRC"
            assert all(b == 0xFF for b in section[length:]), "13818-1 2.4.4: stuffing is not 0xFF"
            (self._pat if pid == 0 else self._pmt)(section[:length])
        else:
            assert pid in self.kinds, f"13818-1 2.4.4.9: PID {pid} is in no PMT"
            if start:
                self._close(pid)
                self.open[pid] = [random_access, bytearray()]
            assert pid in self.open, f"13818-1 2.4.3.3: PID {pid}: payload before a PES header"
            self.open[pid][1] += payload

    def _pat(self, section):
        assert section[0] == 0, f"13818-1 2.4.4.5: table_id {section[0]} of a PAT"
        assert len(section) == 16, "RFC 3.1.1: a PAT without one program"
        self.pmt_pid = int.from_bytes(section[10:12], "big") & 0x1FFF

    def _pmt(self, section):
        assert section[0] == 2, f"13818-1 2.4.4.9: table_id {section[0]} of a PMT"
        self.pcr_pid = int.from_bytes(section[8:10], "big") & 0x1FFF
        at = 12 + (int.from_bytes(section[10:12], "big") & 0xFFF)
        kinds = {}
        while at < len(section) - 4:
            pid = int.from_bytes(section[at + 1:at + 3], "big") & 0x1FFF
            kinds[pid] = section[at]
            at += 5 + (int.from_bytes(section[at + 3:at + 5], "big") & 0xFFF)
        assert at == len(section) - 4, "13818-1 2.4.4.8: lengths of the PMT"
        assert self.pcr_pid in kinds, f"own: PCR on PID {self.pcr_pid}"
        assert not self.kinds or kinds == self.kinds, "own: the PMT changed"
        self.kinds = kinds

    def _close(self, pid):
        random_access, data = self.open.pop(pid, (False, None))
        if data is None:
            return
        assert data[:3] == b"\0\0\1", f"13818-1 2.4.3.7: PID {pid}: PES start code"
        length = int.from_bytes(data[4:6], "big")
        assert length == len(data) - 6 or (length == 0 and self.kinds[pid] in VIDEO), f"13818-1 2.4.3.7: PES length {length}"
        assert data[6] & 0xC0 == 0x80, "13818-1 2.4.3.6: PES header"
        flags, end = data[7] >> 6, 9 + data[8]
        if flags == 0:
            self._take_priming(pid, random_access, data, end)
            return
        assert flags in (2, 3), "13818-1 2.4.3.7: a PES with DTS but without PTS"
        pts = timestamp(data[9:14], flags)
        self._date_priming(pid, pts)
        dts = timestamp(data[14:19], 1) if flags == 3 else pts
        assert flags == 2 or pts != dts, "13818-1 2.7.5: DTS equal to PTS is left out"
        self.pes.append(Pes(pid, data[3], pts, dts, bytes(data[end:]), random_access))

    def _take_priming(self, pid, random_access, data, end):
        """Sound before the title's beginning has no time stamp: one PES, the PID's first, and beside video."""
        assert self.kinds[pid] not in VIDEO and self.pid(True) is not None, "own: a PES without PTS"
        assert pid not in self.priming and not self.of(pid), "own: a PES without PTS that is not the first"
        self.priming[pid] = Pes(pid, data[3], None, None, bytes(data[end:]), random_access)

    def _date_priming(self, pid, following):
        """The time that it would have: it ends where the sound begins."""
        pes = self.priming.get(pid)
        if pes is None or self.of(pid) or self.kinds[pid] != AAC:
            return
        frames = adts_frames(pes.payload)
        start = following - round(len(frames) * 1024 * 90000 / SAMPLE_RATES[frames[0][0]])
        self.pes.append(replace(pes, pts=start, dts=start))

    def pid(self, video):
        return next((p for p, kind in self.kinds.items() if (kind in VIDEO) == video), None)

    def of(self, pid):
        return [p for p in self.pes if p.pid == pid]


def timestamp(b, prefix):
    assert b[0] >> 4 == prefix and b[0] & 1 and b[2] & 1 and b[4] & 1, "13818-1 2.4.3.6: marker bits of a time stamp"
    return (b[0] >> 1 & 7) << 30 | b[1] << 22 | b[2] >> 1 << 15 | b[3] << 7 | b[4] >> 1


def nal_units(data):
    """The NAL units of an Annex B access unit."""
    assert data[:4] == b"\0\0\0\1" or data[:3] == b"\0\0\1", "14496-10 Annex B: an access unit begins with a start code"
    units = [u.rstrip(b"\0") for u in data.split(b"\0\0\1")]
    return [u for u in units if u]


def adts_frames(data):
    """(sampling frequency index, channels, payload) of each frame; they must fill the data exactly."""
    frames = []
    while data:
        assert data[0] == 0xFF and data[1] & 0xF6 == 0xF0, "13818-7 6.2: ADTS sync word"
        size = (data[3] & 3) << 11 | data[4] << 3 | data[5] >> 5
        header = 7 if data[1] & 1 else 9
        assert header < size <= len(data), f"13818-7 6.2: ADTS frame of {size} in {len(data)}"
        frames.append((data[2] >> 2 & 15, (data[2] & 1) << 2 | data[3] >> 6, data[header:size]))
        data = data[size:]
    return frames
