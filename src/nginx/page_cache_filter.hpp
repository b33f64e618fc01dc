// What is in memory is sent without a thread.
#pragma once

#include "nginx/ngx.hpp"

/// A body filter behind nginx's copy filter, which with `aio threads` gives each sendfile to a thread: for
/// Mezz's answers over plain HTTP/1 it takes that back while page_cache_holds() what the next sendfile may
/// send. So what everybody watches neither pays for a thread nor waits until those that read a slow disk are
/// done.
extern "C" ngx_module_t ngx_http_mezz_page_cache_filter_module;
