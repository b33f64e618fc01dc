#include "nginx/media_file.hpp"

#include <sys/stat.h>

#include <array>
#include <new>

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

std::int64_t nanoseconds(const timespec& time) noexcept {
    return std::int64_t{time.tv_sec} * 1000000000 + time.tv_nsec;
}

// What fstat() tells of an open file and the open_file_cache does not.
struct ExactStatus {
    dev_t device = 0;
    std::int64_t modified = 0;  // nanoseconds
};

// Remembers that for files that the open_file_cache keeps open, as long as it believes what it knows of them:
// a system call for each segment would be the dearest part of opening.
class StatusMemory {
public:
    [[nodiscard]] const ExactStatus* find(const ngx_open_file_info_t& info) const noexcept {
        const Place& place = places_[place_of(info)];
        const bool same = place.fd == info.fd && place.unique == info.uniq && place.size == info.size &&
                          place.seconds == info.mtime;
        return same && static_cast<ngx_msec_int_t>(place.until - ngx_current_msec) > 0 ? &place.status
                                                                                       : nullptr;
    }
    void put(const ngx_open_file_info_t& info, const ExactStatus& status, ngx_msec_t ms) noexcept {
        places_[place_of(info)] = {info.fd, info.uniq, info.size, info.mtime, status, ngx_current_msec + ms};
    }

private:
    struct Place {
        ngx_fd_t fd = NGX_INVALID_FILE;
        ngx_file_uniq_t unique = 0;
        off_t size = 0;
        time_t seconds = 0;
        ExactStatus status;
        ngx_msec_t until = 0;
    };

    [[nodiscard]] std::size_t place_of(const ngx_open_file_info_t& info) const noexcept {
        return static_cast<std::size_t>(info.fd) % places_.size();
    }

    std::array<Place, 1024> places_{};
};

constinit StatusMemory known_status;

Result<ExactStatus> exact_status(const ngx_http_core_loc_conf_t& core,
                                 const ngx_open_file_info_t& info) noexcept {
    const bool cached = core.open_file_cache != nullptr;
    if (const ExactStatus* known = cached ? known_status.find(info) : nullptr) return *known;
    struct stat status {};
    if (::fstat(info.fd, &status) != 0) return fail(ErrorCode::io, "file: fstat() failed");
    const ExactStatus exact{.device = status.st_dev, .modified = nanoseconds(status.st_mtim)};
    if (cached) known_status.put(info, exact, static_cast<ngx_msec_t>(core.open_file_cache_valid) * 1000);
    return exact;
}

}  // namespace

void append_identity(std::string& key, const MediaFile& file) {
    for (const std::uint64_t part : {file.size, static_cast<std::uint64_t>(file.modified), file.unique}) {
        key += ' ';
        append_number(key, part);
    }
}

bool is_unchanged(const MediaFile& file) noexcept {
    struct stat status {};
    return ::fstat(file.file.fd, &status) == 0 && status.st_size == file.file.size &&
           nanoseconds(status.st_mtim) == file.modified;
}

PoolPath join_path(ngx_pool_t* pool, std::string_view folder, std::string_view name) {
    const std::size_t size = folder.size() + (name.empty() ? 0 : 1 + name.size());
    auto* data = static_cast<u_char*>(ngx_pnalloc(pool, size + 1));
    if (data == nullptr) throw std::bad_alloc();
    u_char* end = ngx_cpymem(data, folder.data(), folder.size());
    if (!name.empty()) {
        *end++ = '/';
        end = ngx_cpymem(end, name.data(), name.size());
    }
    *end = '\0';
    return {{size, data}};
}

Result<std::optional<MediaFile>> open_file_or_folder(RequestFlow& flow, PoolPath path) {
    ngx_http_request_t* r = flow.request();
    ngx_http_core_loc_conf_t& core = core_conf(r);
    ngx_str_t name = path.name;
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
    const auto exact = exact_status(core, info);
    if (!exact) return std::unexpected(exact.error());
    MediaFile file;
    file.file = {.fd = info.fd,
                 .device = exact->device,
                 .size = info.size,
                 .name = name,
                 .direct = info.is_directio != 0};
    file.size = static_cast<std::uint64_t>(info.size);
    file.modified = exact->modified;
    file.unique = info.uniq;
    return file;
}

Result<MediaFile> open_media_file(RequestFlow& flow, std::string_view path) {
    return open_media_file(flow, join_path(flow.pool(), path, {}));
}

Result<MediaFile> open_media_file(RequestFlow& flow, PoolPath path) {
    const auto file = open_file_or_folder(flow, path);
    if (!file) return std::unexpected(file.error());
    if (!*file) return fail(ErrorCode::not_found, "file: is a folder");
    return **file;
}

}  // namespace mezz::nginx
