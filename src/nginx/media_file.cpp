#include "nginx/media_file.hpp"

#include <sys/stat.h>

#include "core/text.hpp"

namespace mezz::nginx {
namespace {

Error open_error(ngx_http_request_t* r, const ngx_str_t& path, const ngx_open_file_info_t& info) noexcept {
    switch (info.err) {
        case NGX_ENOENT:
        case NGX_ENOTDIR:
        case NGX_ENAMETOOLONG:
            return {ErrorCode::not_found, "file: not found"};
        case NGX_EACCES:
        case NGX_ELOOP:
            ngx_log_error(NGX_LOG_ERR, r->connection->log, info.err,
                          "mezz: %s \"%V\" failed: is it readable for %s?", info.failed, &path,
                          "the user that nginx runs as");
            return {ErrorCode::not_found, "file: may not be opened"};
        default:
            ngx_log_error(NGX_LOG_ERR, r->connection->log, info.err, "mezz: %s \"%V\" failed", info.failed,
                          &path);
            return {ErrorCode::io, "file: cannot be opened"};
    }
}

}  // namespace

void append_identity(std::string& key, const MediaFile& file) {
    for (const std::uint64_t part : {file.size, static_cast<std::uint64_t>(file.modified), file.unique}) {
        key += ' ';
        append_number(key, part);
    }
}

Result<std::optional<MediaFile>> open_file_or_folder(RequestFlow& flow, std::string_view path) {
    ngx_http_request_t* r = flow.request();
    ngx_http_core_loc_conf_t& core = core_conf(r);
    ngx_str_t name = copy(r->pool, path);
    if (name.data == nullptr) return fail(ErrorCode::internal, "no memory");
    ngx_open_file_info_t info{};
    info.read_ahead = core.read_ahead;
    info.directio = core.directio;
    info.valid = core.open_file_cache_valid;
    info.min_uses = core.open_file_cache_min_uses;
    info.errors = core.open_file_cache_errors != 0 ? 1 : 0;
    info.events = core.open_file_cache_events != 0 ? 1 : 0;
    if (ngx_http_set_disable_symlinks(r, &core, &name, &info) != NGX_OK)
        return fail(ErrorCode::internal, "no memory");
    if (ngx_open_cached_file(core.open_file_cache, &name, &info, r->pool) != NGX_OK) {
        if (info.err == 0) return fail(ErrorCode::internal, "no memory");
        return std::unexpected(open_error(r, name, info));
    }
    if (info.is_dir) return std::nullopt;
    if (!info.is_file) return fail(ErrorCode::not_found, "file: is not a regular file");
    struct stat status {};
    if (::fstat(info.fd, &status) != 0) return fail(ErrorCode::io, "file: fstat() failed");
    MediaFile file;
    file.file = {.fd = info.fd,
                 .device = status.st_dev,
                 .size = info.size,
                 .name = name,
                 .direct = info.is_directio != 0};
    file.size = static_cast<std::uint64_t>(info.size);
    file.modified = std::int64_t{status.st_mtim.tv_sec} * 1000000000 + status.st_mtim.tv_nsec;
    file.unique = info.uniq;
    return file;
}

Result<MediaFile> open_media_file(RequestFlow& flow, std::string_view path) {
    const auto file = open_file_or_folder(flow, path);
    if (!file) return std::unexpected(file.error());
    if (!*file) return fail(ErrorCode::not_found, "file: is a folder");
    return **file;
}

}  // namespace mezz::nginx
