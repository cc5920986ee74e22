#include "shim_answer.h"

static const struct drover_answer broken = {.kind = DROVER_ANSWER_BROKEN};

static bool string_member(struct drover_json object, const char *key, struct drover_json *value) {
    return drover_json_member(object, key, value) && drover_json_is_string(*value);
}

static bool object_member(struct drover_json object, const char *key, struct drover_json *value) {
    return drover_json_member(object, key, value) && drover_json_is_object(*value);
}

struct drover_answer drover_answer_read(const uint8_t *line, size_t length) {
    struct drover_json whole, type, payload;
    if (!drover_json_check(line, length, &whole) || !drover_json_is_object(whole)) return broken;
    if (!string_member(whole, "type", &type)) return broken;

    struct drover_answer answer = broken;
    if (drover_json_equals(type, "ack")) {
        answer.kind = DROVER_ANSWER_ACK;
        return answer;
    }
    if (!object_member(whole, "payload", &payload)) return broken;
    if (drover_json_equals(type, "shim_launch") && object_member(payload, "launch", &answer.launch)) {
        answer.kind = DROVER_ANSWER_LAUNCH;
    }
    if (drover_json_equals(type, "error") && string_member(payload, "code", &answer.code) &&
        string_member(payload, "message", &answer.message)) {
        answer.kind = DROVER_ANSWER_ERROR;
    }
    return answer;
}
