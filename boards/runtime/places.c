#include "places.h"

#include <stddef.h>

#include "loop.h"
#include "metrology.h"
#include "node.h"
#include "request.h"

static const struct place places[] = {
    [PLACE_METROLOGY] = {&metrology, &metrology_test_terms, metrology_start},
    [PLACE_NODE] = {&node, &node_test_terms, node_start},
};

const struct place *place_take(void) {
    const uint8_t *number = request_take(1);
    if (number == NULL || *number >= sizeof places / sizeof places[0]) {
        respond_text(STATUS_BAD_REQUEST, "no such module");
        return NULL;
    }
    return &places[*number];
}

const struct place *place_take_driven(void) {
    const struct place *place = place_take();
    if (place == NULL || !loop_runs((uint32_t)(place - places))) return place;
    respond_text(STATUS_BAD_REQUEST, "in free mode the board runs this module itself");
    return NULL;
}

const struct place *place_take_running(void) {
    const struct place *place = place_take();
    if (place == NULL || place->built_in->module->state != MODULE_STOPPED) return place;
    respond_text(STATUS_STOPPED, place->built_in->module->stopped_because);
    return NULL;
}
