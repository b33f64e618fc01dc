// Answers of the REST API.
#pragma once

#include <string>

#include "api/problem.hpp"
#include "nginx/request_flow.hpp"

namespace mezz::nginx {

/// Sends JSON with its headers, never to be cached. `location`, if not empty, becomes the Location header.
/// What is left of the request's body is not read.
[[nodiscard]] ngx_int_t send_json(RequestFlow& flow, ngx_uint_t status, std::string body,
                                  std::string_view location = {});

/// Sends a text of any other type, never to be cached; `type` is static.
[[nodiscard]] ngx_int_t send_plain(RequestFlow& flow, ngx_uint_t status, std::string_view type,
                                   std::string body);

/// Sends a problem with the headers it asks for.
[[nodiscard]] ngx_int_t send_problem(RequestFlow& flow, const api::Problem& problem);

/// Sends a status without a body.
[[nodiscard]] ngx_int_t send_no_content(RequestFlow& flow);

/// The problem that a client is told of an error, which is for the log.
[[nodiscard]] api::Problem problem_of(const Error& error);

}  // namespace mezz::nginx
