#ifndef CCURL_EASY_H
#define CCURL_EASY_H

#include <curl/curl.h>

// curl_easy_setopt and curl_easy_getinfo are variadic, which Swift cannot call: one typed function for each kind of value.

static inline CURLcode drover_easy_set_number(CURL *handle, CURLoption option, long value) {
    return curl_easy_setopt(handle, option, value);
}

/// libcurl copies the text.
static inline CURLcode drover_easy_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl_easy_setopt(handle, option, value);
}

/// libcurl does not copy what the pointer leads to.
static inline CURLcode drover_easy_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl_easy_setopt(handle, option, value);
}

/// Makes the request a POST of these bytes, which libcurl copies.
static inline CURLcode drover_easy_set_body(CURL *handle, const void *bytes, size_t count) {
    CURLcode code = curl_easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    if (code != CURLE_OK) return code;
    return curl_easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, count == 0 ? "" : bytes);
}

typedef size_t (*drover_easy_receiver)(char *bytes, size_t size, size_t count, void *context);

/// Has what comes told to a function: option is CURLOPT_HEADERFUNCTION or CURLOPT_WRITEFUNCTION.
static inline CURLcode drover_easy_set_receiver(CURL *handle, CURLoption option, drover_easy_receiver receiver) {
    return curl_easy_setopt(handle, option, receiver);
}

#endif
