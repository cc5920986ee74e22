#define _GNU_SOURCE
#include "CCurl.h"

#include <dlfcn.h>
#include <pthread.h>

#define FUNCTIONS(F)                                                                                                   \
    F(global_init)                                                                                                     \
    F(version_info)                                                                                                    \
    F(easy_init)                                                                                                       \
    F(easy_cleanup)                                                                                                    \
    F(easy_strerror)                                                                                                   \
    F(easy_setopt)                                                                                                     \
    F(easy_getinfo)                                                                                                    \
    F(slist_append)                                                                                                    \
    F(slist_free_all)                                                                                                  \
    F(multi_init)                                                                                                      \
    F(multi_cleanup)                                                                                                   \
    F(multi_strerror)                                                                                                  \
    F(multi_add_handle)                                                                                                \
    F(multi_remove_handle)                                                                                             \
    F(multi_info_read)                                                                                                 \
    F(multi_setopt)                                                                                                    \
    F(multi_socket_action)                                                                                             \
    F(multi_perform)                                                                                                   \
    F(multi_poll)                                                                                                      \
    F(multi_wakeup)

/// The functions of the library, once it is loaded.
static struct {
#define MEMBER(name) __typeof__(&curl_##name) name;
    FUNCTIONS(MEMBER)
} curl;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int is_loaded;

static void load(void) {
    // The name is that of its binary interface, which has not changed since 2006.
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (!library) return;
#define LOAD(name)                                                                                                     \
    curl.name = (__typeof__(&curl_##name))dlsym(library, "curl_" #name);                                               \
    if (!curl.name) return;
    FUNCTIONS(LOAD)
    is_loaded = curl.global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK;
}

int drover_curl_load(void) {
    pthread_once(&once, load);
    return is_loaded;
}

// MARK: - A transfer

CURL *drover_easy_init(void) { return curl.easy_init(); }
void drover_easy_cleanup(CURL *handle) { curl.easy_cleanup(handle); }
const char *drover_easy_strerror(CURLcode code) { return curl.easy_strerror(code); }

CURLcode drover_easy_set_number(CURL *handle, CURLoption option, long value) {
    return curl.easy_setopt(handle, option, value);
}

CURLcode drover_easy_set_text(CURL *handle, CURLoption option, const char *value) {
    return curl.easy_setopt(handle, option, value);
}

CURLcode drover_easy_set_pointer(CURL *handle, CURLoption option, void *value) {
    return curl.easy_setopt(handle, option, value);
}

CURLcode drover_easy_set_body(CURL *handle, const void *bytes, size_t count) {
    CURLcode code = curl.easy_setopt(handle, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    if (code != CURLE_OK) return code;
    return curl.easy_setopt(handle, CURLOPT_COPYPOSTFIELDS, count == 0 ? "" : bytes);
}

CURLcode drover_easy_set_receiver(CURL *handle, CURLoption option, drover_easy_receiver receiver) {
    return curl.easy_setopt(handle, option, receiver);
}

CURLcode drover_easy_set_prerequest(CURL *handle, curl_prereq_callback callback, void *context) {
    CURLcode code = curl.easy_setopt(handle, CURLOPT_PREREQFUNCTION, callback);
    return code == CURLE_OK ? curl.easy_setopt(handle, CURLOPT_PREREQDATA, context) : code;
}

CURLcode drover_easy_set_list(CURL *handle, CURLoption option, struct curl_slist *list) {
    return curl.easy_setopt(handle, option, list);
}

long drover_easy_number(CURL *handle, CURLINFO info) {
    long value = 0;
    return curl.easy_getinfo(handle, info, &value) == CURLE_OK ? value : 0;
}

struct curl_slist *drover_slist_append(struct curl_slist *list, const char *text) {
    return curl.slist_append(list, text);
}

void drover_slist_free_all(struct curl_slist *list) { curl.slist_free_all(list); }

// MARK: - Several at once

CURLM *drover_multi_init(void) { return curl.multi_init(); }
void drover_multi_cleanup(CURLM *multi) { curl.multi_cleanup(multi); }
const char *drover_multi_strerror(CURLMcode code) { return curl.multi_strerror(code); }
CURLMcode drover_multi_add_handle(CURLM *multi, CURL *handle) { return curl.multi_add_handle(multi, handle); }
CURLMcode drover_multi_remove_handle(CURLM *multi, CURL *handle) { return curl.multi_remove_handle(multi, handle); }
CURLMsg *drover_multi_info_read(CURLM *multi, int *left) { return curl.multi_info_read(multi, left); }

CURLcode drover_message_result(const CURLMsg *message) { return message->data.result; }

CURLMcode drover_multi_set_number(CURLM *multi, CURLMoption option, long value) {
    return curl.multi_setopt(multi, option, value);
}

CURLMcode drover_multi_set_callbacks(
    CURLM *multi, curl_socket_callback socket, curl_multi_timer_callback timer, void *context) {
    CURLMcode code = curl.multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, socket);
    if (code == CURLM_OK) code = curl.multi_setopt(multi, CURLMOPT_SOCKETDATA, context);
    if (code == CURLM_OK) code = curl.multi_setopt(multi, CURLMOPT_TIMERFUNCTION, timer);
    if (code == CURLM_OK) code = curl.multi_setopt(multi, CURLMOPT_TIMERDATA, context);
    return code;
}

CURLMcode drover_multi_socket_action(CURLM *multi, curl_socket_t socket, int events, int *running) {
    return curl.multi_socket_action(multi, socket, events, running);
}

int drover_resolves_asynchronously(void) {
    return (curl.version_info(CURLVERSION_NOW)->features & CURL_VERSION_ASYNCHDNS) != 0;
}

CURLMcode drover_multi_perform(CURLM *multi, int *running) { return curl.multi_perform(multi, running); }

CURLMcode drover_multi_poll(CURLM *multi, int milliseconds) {
    return curl.multi_poll(multi, NULL, 0, milliseconds, NULL);
}

CURLMcode drover_multi_wakeup(CURLM *multi) { return curl.multi_wakeup(multi); }
