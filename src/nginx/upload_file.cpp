#include "nginx/upload_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "nginx/thread_op.hpp"

namespace mezz::nginx {
namespace {

// The group is the ingest workers', who read what is uploaded and remove it.
constexpr mode_t kFolderMode = 02770;
constexpr mode_t kFileMode = 0640;

// 0 or an errno.
int make_folder(const std::string& path) noexcept {
    if (::mkdir(path.c_str(), kFolderMode) == 0)
        return ::chmod(path.c_str(), kFolderMode) == 0 ? 0 : errno;  // whatever the umask is
    return errno == EEXIST ? 0 : errno;
}

std::string final_path(const UploadPlace& place) {
    return place.root + '/' + place.upload_id + '/' + place.filename;
}

bool is_lack_of_room(int error) noexcept {
    return error == ENOSPC || error == EDQUOT || error == EFBIG;
}

// Closing the last descriptor of a large file and unlinking it can take long, and is wanted when the request
// may be gone: a thread task that belongs to nobody.
struct Removal {
    ngx_thread_task_t task{};
    int fd = -1;
    std::string path;

    static void run(void* context, ngx_log_t* /*log*/) noexcept {
        const auto* removal = static_cast<const Removal*>(context);
        ::unlink(removal->path.c_str());
        ::close(removal->fd);
    }
    static void done(ngx_event_t* event) noexcept { delete static_cast<Removal*>(event->data); }
};

void remove_later(int fd, std::string path) noexcept {
    auto* removal = new (std::nothrow) Removal;
    ngx_str_t name = borrow("default");
    ngx_thread_pool_t* pool = ngx_thread_pool_get(const_cast<ngx_cycle_t*>(ngx_cycle), &name);
    if (removal != nullptr) {
        removal->fd = fd;
        removal->path.swap(path);
        removal->task.ctx = removal;
        removal->task.handler = Removal::run;
        removal->task.event.data = removal;
        removal->task.event.handler = Removal::done;
        removal->task.event.log = ngx_cycle->log;
        if (pool != nullptr && ngx_thread_task_post(pool, &removal->task) == NGX_OK) return;
        path.swap(removal->path);
        delete removal;
    }
    ::unlink(path.c_str());
    ::close(fd);
}

// A file that vanishes unless it has been given its name.
class Aside {
public:
    Aside() = default;
    Aside(const Aside&) = delete;
    Aside& operator=(const Aside&) = delete;
    ~Aside() {
        if (fd_ != -1) remove_later(fd_, std::move(path_));
    }

    // 0 or an errno.
    [[nodiscard]] int open(const UploadPlace& place, std::uint64_t unique) {
        const std::string folder = place.root + '/' + std::string(kIncomingFolder);
        path_ =
            folder + '/' + place.upload_id + '.' + std::to_string(::getpid()) + '-' + std::to_string(unique);
        constexpr int kFlags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW;
        fd_ = ::open(path_.c_str(), kFlags, kFileMode);
        if (fd_ == -1 && errno == ENOENT) {
            if (const int unmade = make_folder(folder); unmade != 0) return unmade;
            fd_ = ::open(path_.c_str(), kFlags, kFileMode);
        }
        return fd_ == -1 ? errno : 0;
    }

    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

private:
    int fd_ = -1;
    std::string path_;
};

// A disk without room is told at once, not after an hour of uploading. Nothing is claimed ahead: one URL may
// be sent to many times at once.
struct OpenJob {
    const UploadPlace& place;
    Aside& file;
    std::uint64_t unique = 0;
    bool exists = false;
    int error = ENOMEM;

    void run() noexcept {
        try {
            struct stat status {};
            exists = ::lstat(final_path(place).c_str(), &status) == 0;
            if (exists) return;
            error = has_room() ? file.open(place, unique) : ENOSPC;
        } catch (const std::bad_alloc&) {
            return;
        }
    }

private:
    [[nodiscard]] bool has_room() const noexcept {
        struct statvfs status {};
        if (::statvfs(place.root.c_str(), &status) != 0) return true;  // writing will tell
        return place.size / status.f_frsize < status.f_bavail;
    }
};

struct WriteJob {
    int fd;
    std::vector<iovec> parts;
    std::uint64_t offset;
    int error = 0;

    void run() noexcept {
        for (const iovec& part : parts) {
            const auto* at = static_cast<const char*>(part.iov_base);
            for (std::size_t left = part.iov_len; left > 0;) {
                const ssize_t n = ::pwrite(fd, at, left, static_cast<off_t>(offset));
                if (n < 0 && errno == EINTR) continue;
                if (n <= 0) {
                    error = n < 0 ? errno : EIO;
                    return;
                }
                at += n;
                left -= static_cast<std::size_t>(n);
                offset += static_cast<std::uint64_t>(n);
            }
        }
    }
};

int sync_folder(const std::string& path) noexcept {
    const int fd = ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd == -1) return errno;
    const int error = ::fsync(fd) == 0 ? 0 : errno;
    ::close(fd);
    return error;
}

struct FinishJob {
    const UploadPlace& place;
    const Aside& file;
    int error = ENOMEM;

    void run() noexcept {
        try {
            error = finish();
        } catch (const std::bad_alloc&) {
            return;
        }
    }

private:
    [[nodiscard]] int finish() const {
        if (::fsync(file.fd()) != 0) return errno;
        const std::string folder = place.root + '/' + place.upload_id;
        if (const int unmade = make_folder(folder); unmade != 0) return unmade;
        // link() and not rename(): it never replaces what is there. The name aside goes with the Aside.
        if (::link(file.path().c_str(), final_path(place).c_str()) != 0) return errno;
        if (const int unsynced = sync_folder(folder); unsynced != 0) return unsynced;
        return sync_folder(place.root);
    }
};

// Not to be met again: what a process that was killed has left behind is there for a day, and in a container
// the next one has its number.
std::uint64_t new_unique() noexcept {
    constexpr unsigned kHalf = 32;
    return static_cast<std::uint64_t>(ngx_time()) << kHalf | static_cast<std::uint32_t>(ngx_random());
}

Error write_error(RequestFlow& flow, const char* what, int error) noexcept {
    log_line(flow.log(), NGX_LOG_ERR, error, "mezz: an upload cannot be stored: %s failed", what);
    return {ErrorCode::io, "upload: cannot be stored"};
}

Task<Result<StoreResult>> write_body(RequestFlow& flow, const UploadPlace& place, const Aside& file) {
    const RequestBody body(flow);
    const auto begun = body.begin();
    if (!begun) co_return std::unexpected(begun.error());
    std::uint64_t written = 0;
    for (;;) {
        const auto more = co_await body.next();
        if (!more) co_return std::unexpected(more.error());
        if (!*more) break;
        WriteJob job{.fd = file.fd(), .parts = body.piece(), .offset = written};
        const auto done = co_await run_in_thread(flow, job, "writing an upload");
        if (!done) co_return std::unexpected(done.error());
        if (is_lack_of_room(job.error)) co_return StoreResult::no_room;
        if (job.error != 0) co_return std::unexpected(write_error(flow, "write()", job.error));
        written = job.offset;
        body.release();
    }
    if (written != place.size) co_return fail(ErrorCode::bad_request, "upload: not as long as announced");
    co_return StoreResult::stored;
}

}  // namespace

Task<Result<bool>> is_uploaded(RequestFlow& flow, const UploadPlace& place) {
    struct Look {
        std::string path;
        std::uint64_t size;
        bool found = false;

        void run() noexcept {
            struct stat status {};
            found = ::lstat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode) &&
                    static_cast<std::uint64_t>(status.st_size) == size;
        }
    };
    Look look{.path = final_path(place), .size = place.size};
    const auto done = co_await run_in_thread(flow, look, "looking for an upload");
    if (!done) co_return std::unexpected(done.error());
    co_return look.found;
}

Task<Result<StoreResult>> store_upload(RequestFlow& flow, const UploadPlace& place) {
    Aside file;
    OpenJob open{.place = place, .file = file, .unique = new_unique()};
    const auto opened = co_await run_in_thread(flow, open, "opening an upload");
    if (!opened) co_return std::unexpected(opened.error());
    if (open.exists) co_return StoreResult::exists;
    if (is_lack_of_room(open.error)) co_return StoreResult::no_room;
    if (open.error != 0) co_return std::unexpected(write_error(flow, "open()", open.error));

    const auto written = co_await write_body(flow, place, file);
    if (!written || *written != StoreResult::stored) co_return written;

    FinishJob finish{.place = place, .file = file};
    const auto finished = co_await run_in_thread(flow, finish, "making an upload durable");
    if (!finished) co_return std::unexpected(finished.error());
    if (finish.error == EEXIST) co_return StoreResult::exists;
    if (is_lack_of_room(finish.error)) co_return StoreResult::no_room;
    if (finish.error != 0) co_return std::unexpected(write_error(flow, "link() or fsync()", finish.error));
    co_return StoreResult::stored;
}

}  // namespace mezz::nginx
