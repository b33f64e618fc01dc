// The one file that includes nginx's headers, and small typed helpers over nginx's C.
#pragma once

// -Wconversion and friends are for our code; config.make makes these system headers too, for their macros.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#pragma GCC diagnostic ignored "-Wsign-conversion"
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wextra"
extern "C" {
#include <ngx_config.h>
#include <ngx_core.h>
#include <ngx_event.h>
#include <ngx_http.h>
#include <ngx_thread_pool.h>
}
#pragma GCC diagnostic pop

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

namespace mezz::nginx {

/// The characters of an nginx string, without copying.
[[nodiscard]] inline std::string_view view(const ngx_str_t& s) noexcept {
    return {reinterpret_cast<const char*>(s.data), s.len};
}

/// An nginx string over characters that somebody else owns and nobody writes to.
[[nodiscard]] inline ngx_str_t borrow(std::string_view s) noexcept {
    return {s.size(), reinterpret_cast<u_char*>(const_cast<char*>(s.data()))};
}

/// A copy in the pool, with a NUL after its last character that `len` does not count, so `data` also serves
/// as a file name. `data` is null if the pool is exhausted.
[[nodiscard]] inline ngx_str_t copy(ngx_pool_t* pool, std::string_view s) noexcept {
    auto* data = static_cast<u_char*>(ngx_pnalloc(pool, s.size() + 1));
    if (data == nullptr) return {0, nullptr};
    if (!s.empty()) std::memcpy(data, s.data(), s.size());
    data[s.size()] = '\0';
    return {s.size(), data};
}

/// Memory from a pool at any alignment (ngx_palloc promises only 8), or null.
[[nodiscard]] inline void* pool_allocate(ngx_pool_t* pool, std::size_t size, std::size_t alignment) noexcept {
    if (alignment <= NGX_ALIGNMENT) return ngx_palloc(pool, size);
    std::size_t space = size + alignment - 1;
    void* memory = ngx_palloc(pool, space);
    return memory == nullptr ? nullptr : std::align(alignment, size, memory, space);
}

/// Constructs a T that lives as long as the pool; a destructor that does something runs from a pool cleanup.
/// Returns null if the pool is exhausted. Passes on what T's constructor throws.
template <class T, class... A>
[[nodiscard]] T* pool_new(ngx_pool_t* pool,
                          A&&... arguments) noexcept(std::is_nothrow_constructible_v<T, A...>) {
    ngx_pool_cleanup_t* cleanup = nullptr;
    if constexpr (!std::is_trivially_destructible_v<T>) {
        cleanup = ngx_pool_cleanup_add(pool, 0);
        if (cleanup == nullptr) return nullptr;
    }
    void* memory = pool_allocate(pool, sizeof(T), alignof(T));
    if (memory == nullptr) return nullptr;
    T* object = ::new (memory) T(std::forward<A>(arguments)...);
    if constexpr (!std::is_trivially_destructible_v<T>) {
        cleanup->data = object;
        cleanup->handler = [](void* data) noexcept { static_cast<T*>(data)->~T(); };
    }
    return object;
}

/// A module's configuration for the location that serves a request.
template <class Conf>
[[nodiscard]] Conf& location_conf(const ngx_http_request_t* r, const ngx_module_t& module) noexcept {
    return *static_cast<Conf*>(r->loc_conf[module.ctx_index]);
}

/// A module's configuration for the whole http block.
template <class Conf>
[[nodiscard]] Conf& main_conf(const ngx_http_request_t* r, const ngx_module_t& module) noexcept {
    return *static_cast<Conf*>(r->main_conf[module.ctx_index]);
}

/// nginx's own configuration of the location that serves a request.
[[nodiscard]] inline ngx_http_core_loc_conf_t& core_conf(const ngx_http_request_t* r) noexcept {
    return location_conf<ngx_http_core_loc_conf_t>(r, ngx_http_core_module);
}

namespace detail {

template <class A>
auto log_argument(const A& argument) noexcept {
    if constexpr (std::is_same_v<A, std::string_view>) {
        return std::tuple(argument.size(), argument.data());
    } else {
        static_assert(std::is_scalar_v<A>, "pass numbers, pointers and string_views");
        return std::tuple(argument);
    }
}

template <class T, std::size_t N>
auto log_argument(const T (&array)[N]) noexcept {
    return std::tuple(static_cast<const T*>(array));
}

}  // namespace detail

/// Writes a line to an nginx log, if the log takes this level. `format` is nginx's: %V takes an ngx_str_t*,
/// %s a C string, %uL a uint64_t, %ui an ngx_uint_t, and %*s one std::string_view.
template <class... A>
void log_line(ngx_log_t* log, ngx_uint_t level, ngx_err_t system_error, const char* format,
              const A&... arguments) noexcept {
    if (log->log_level < level) return;
    std::apply([&](auto... flat) { ngx_log_error_core(level, log, system_error, format, flat...); },
               std::tuple_cat(detail::log_argument(arguments)...));
}

}  // namespace mezz::nginx
