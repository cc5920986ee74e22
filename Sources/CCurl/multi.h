#ifndef CCURL_MULTI_H
#define CCURL_MULTI_H

#include "easy.h"

// What a multi handle on a foreign event loop needs beside easy.h: the variadic functions of libcurl, typed.

static inline CURLMcode drover_multi_set_number(CURLM *multi, CURLMoption option, long value) {
    return curl_multi_setopt(multi, option, value);
}

/// Has libcurl tell which sockets it waits for, and until when. `context` comes back with every call.
static inline CURLMcode drover_multi_set_callbacks(
    CURLM *multi, curl_socket_callback socket, curl_multi_timer_callback timer, void *context) {
    CURLMcode code = curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket);
    if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
    if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
    if (code == CURLM_OK) code = curl_multi_setopt(multi, CURLMOPT_TIMERDATA, context);
    return code;
}

/// Calls back once the connection stands, just before the request is sent.
static inline CURLcode drover_easy_set_prerequest(CURL *handle, curl_prereq_callback callback, void *context) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_PREREQFUNCTION, callback);
    return code == CURLE_OK ? curl_easy_setopt(handle, CURLOPT_PREREQDATA, context) : code;
}

static inline CURLcode drover_easy_set_list(CURL *handle, CURLoption option, struct curl_slist *list) {
    return curl_easy_setopt(handle, option, list);
}

/// 0 where libcurl does not know.
static inline long drover_easy_number(CURL *handle, CURLINFO info) {
    long value = 0;
    return curl_easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

/// The result of a transfer that is over; the union of `CURLMsg` has no place in Swift.
static inline CURLcode drover_message_result(const CURLMsg *message) {
    return message->data.result;
}

/// Whether names are resolved on a thread of their own, so that a slow resolver stops nobody else.
static inline int drover_resolves_asynchronously(void) {
    return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS) != 0;
}

#endif
