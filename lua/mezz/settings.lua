-- What sites change most. The rules beside this file read it; see ../README.md.
local GiB = 1024 * 1024 * 1024

return {
    -- The largest file, in bytes, that may be uploaded where the token has no claim max_upload_bytes.
    max_upload_bytes = 64 * GiB,

    -- The types an uploaded file may be declared as; "video/*" means every type that begins with "video/".
    upload_types = {
        "video/*",
        "audio/*",
        "application/mxf",
        "application/mp4",
        "application/ogg",
        "application/vnd.rn-realmedia",
        "application/x-matroska",
        "application/octet-stream",
    },
}
