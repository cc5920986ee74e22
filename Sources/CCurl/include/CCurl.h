#ifndef CCURL_H
#define CCURL_H

#include <curl/curl.h>

// libcurl, loaded when it is first asked for: with the thirty libraries it brings along it costs six megabytes and some
// milliseconds of every start, and most programs of ours never send a request. Whatever is called here needs
// drover_curl_load to have succeeded. Variadic functions, which Swift cannot call, come as one typed function for each
// kind of value.

/// Loads and starts the library. Returns 0 when it is not there; any thread may ask, and again.
int drover_curl_load(void);

// MARK: - A transfer

CURL *drover_easy_init(void);
void drover_easy_cleanup(CURL *handle);
const char *drover_easy_strerror(CURLcode code);

CURLcode drover_easy_set_number(CURL *handle, CURLoption option, long value);

/// libcurl copies the text.
CURLcode drover_easy_set_text(CURL *handle, CURLoption option, const char *value);

/// libcurl does not copy what the pointer leads to.
CURLcode drover_easy_set_pointer(CURL *handle, CURLoption option, void *value);

/// Makes the request a POST of these bytes, which libcurl copies.
CURLcode drover_easy_set_body(CURL *handle, const void *bytes, size_t count);

typedef size_t (*drover_easy_receiver)(char *bytes, size_t size, size_t count, void *context);

/// Has what comes told to a function: option is CURLOPT_HEADERFUNCTION or CURLOPT_WRITEFUNCTION.
CURLcode drover_easy_set_receiver(CURL *handle, CURLoption option, drover_easy_receiver receiver);

/// Calls back once the connection stands, just before the request is sent.
CURLcode drover_easy_set_prerequest(CURL *handle, curl_prereq_callback callback, void *context);

CURLcode drover_easy_set_list(CURL *handle, CURLoption option, struct curl_slist *list);

/// 0 where libcurl does not know.
long drover_easy_number(CURL *handle, CURLINFO info);

struct curl_slist *drover_slist_append(struct curl_slist *list, const char *text);
void drover_slist_free_all(struct curl_slist *list);

// MARK: - Several at once

CURLM *drover_multi_init(void);
void drover_multi_cleanup(CURLM *multi);
const char *drover_multi_strerror(CURLMcode code);
CURLMcode drover_multi_add_handle(CURLM *multi, CURL *handle);
CURLMcode drover_multi_remove_handle(CURLM *multi, CURL *handle);
CURLMsg *drover_multi_info_read(CURLM *multi, int *left);

/// The result of a transfer that is over; the union of `CURLMsg` has no place in Swift.
CURLcode drover_message_result(const CURLMsg *message);

CURLMcode drover_multi_set_number(CURLM *multi, CURLMoption option, long value);

// On a foreign event loop.

/// Has libcurl tell which sockets it waits for, and until when. `context` comes back with every call.
CURLMcode drover_multi_set_callbacks(
    CURLM *multi, curl_socket_callback socket, curl_multi_timer_callback timer, void *context);
CURLMcode drover_multi_socket_action(CURLM *multi, curl_socket_t socket, int events, int *running);

/// Whether names are resolved on a thread of their own, so that a slow resolver stops nobody else.
int drover_resolves_asynchronously(void);

// On a thread that may wait.

CURLMcode drover_multi_perform(CURLM *multi, int *running);
CURLMcode drover_multi_poll(CURLM *multi, int milliseconds);
/// Ends a wait, from any thread.
CURLMcode drover_multi_wakeup(CURLM *multi);

#endif
