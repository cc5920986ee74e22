#define _GNU_SOURCE
#include "shim_launch.h"

#include <string.h>
#include <sys/mman.h>

// Everything lies in one mapping of the right size: pointers, the table of keys, then the strings. A decoded string and
// its NUL are never longer than the JSON string with its two quotes, so the strings fit into as many bytes as the
// specification has.

static size_t count(struct drover_json array) {
    struct drover_json element;
    size_t position = 0, elements = 0;
    while (drover_json_next(array, &position, &element)) elements++;
    return elements;
}

/// Decodes a string to `at` and ends it with a NUL. Returns where the NUL is, or null when one stands inside.
static uint8_t *write_string(struct drover_json string, uint8_t *at) {
    size_t length = drover_json_decode(string, at);
    if (memchr(at, 0, length)) return NULL;
    at[length] = 0;
    return at + length;
}

/// A key that was seen: where it stands in envp, plus one, since 0 means that the slot is free. Names may contain `=`, so
/// the length of the key is its own fact.
struct slot {
    uint32_t place;
    uint32_t key_length;
};

/// The slot of a key, or the free one where it belongs.
static struct slot *find(struct slot *table, size_t slots, char **envp, const uint8_t *key, size_t length) {
    uint32_t hash = 2166136261u;
    for (size_t index = 0; index < length; index++) hash = (hash ^ key[index]) * 16777619u;
    while (1) {
        struct slot *slot = &table[hash & (slots - 1)];
        if (slot->place == 0) return slot;
        if (slot->key_length == length && memcmp(envp[slot->place - 1], key, length) == 0) return slot;
        hash++;
    }
}

static const char *read_arguments(struct drover_json array, char **argv, uint8_t **strings) {
    struct drover_json element;
    size_t position = 0, index = 0;
    while (drover_json_next(array, &position, &element)) {
        if (!drover_json_is_string(element)) return "an argument is not a string";
        uint8_t *end = write_string(element, *strings);
        if (!end) return "an argument contains a NUL byte";
        argv[index++] = (char *)*strings;
        *strings = end + 1;
    }
    return NULL;
}

static const char *read_environment(struct drover_json array, char **envp, struct slot *table, size_t slots,
                                    uint8_t **strings) {
    struct drover_json entry, key, value;
    size_t position = 0;
    uint32_t places = 0;
    while (drover_json_next(array, &position, &entry)) {
        if (!drover_json_is_object(entry) || !drover_json_member(entry, "key", &key) || !drover_json_is_string(key) ||
            !drover_json_member(entry, "value", &value) || !drover_json_is_string(value)) {
            return "an environment variable is not an object of key and value";
        }
        uint8_t *start = *strings;
        uint8_t *end_of_key = write_string(key, start);
        if (!end_of_key) return "the name of an environment variable contains a NUL byte";
        *end_of_key = '=';
        uint8_t *end = write_string(value, end_of_key + 1);
        if (!end) return "an environment variable contains a NUL byte";
        size_t length = (size_t)(end_of_key - start);
        struct slot *slot = find(table, slots, envp, start, length);
        if (slot->place == 0) *slot = (struct slot){.place = ++places, .key_length = (uint32_t)length};
        envp[slot->place - 1] = (char *)start;
        *strings = end + 1;
    }
    return NULL;
}

const char *drover_launch_read(struct drover_json value, struct drover_launch *launch) {
    struct drover_json argv, env, cwd;
    if (!drover_json_member(value, "argv", &argv) || !drover_json_is_array(argv)) return "argv is missing";
    if (!drover_json_member(value, "env", &env) || !drover_json_is_array(env)) return "env is missing";
    if (!drover_json_member(value, "cwd", &cwd) || !drover_json_is_string(cwd)) return "cwd is missing";

    size_t arguments = count(argv), variables = count(env), slots = 2;
    if (arguments == 0) return "argv is empty";
    // At least half of them stay free.
    while (slots < 2 * variables) slots *= 2;

    size_t pointers = (arguments + 1 + variables + 1) * sizeof(char *);
    size_t table = slots * sizeof(struct slot);
    launch->size = pointers + table + value.length;
    launch->memory = mmap(NULL, launch->size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (launch->memory == MAP_FAILED) return "there is not enough memory for it";
    launch->argv = launch->memory;
    launch->envp = launch->argv + arguments + 1;
    struct slot *keys = (struct slot *)((uint8_t *)launch->memory + pointers);
    uint8_t *strings = (uint8_t *)keys + table;

    const char *problem = read_arguments(argv, launch->argv, &strings);
    if (!problem) problem = read_environment(env, launch->envp, keys, slots, &strings);
    if (!problem) {
        launch->cwd = (const char *)strings;
        if (!write_string(cwd, strings)) problem = "cwd contains a NUL byte";
    }
    if (problem) drover_launch_free(launch);
    return problem;
}

void drover_launch_free(struct drover_launch *launch) {
    explicit_bzero(launch->memory, launch->size);
    munmap(launch->memory, launch->size);
    *launch = (struct drover_launch){0};
}
