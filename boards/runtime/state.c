#include "state.h"

#include <string.h>

#include "board.h"
#include "clock.h"
#include "memory_map.h"
#include "metrology.h"
#include "metrology_images.h"
#include "node.h"
#include "peer_link.h"
#include "settings.h"
#include "slots.h"

#define US_PER_S 1000000u

struct state_counts state_counts;

static uint32_t setting_byte(enum settings_field field) {
    uint32_t length;
    const uint8_t *byte = settings_get(field, &length);
    return byte == NULL || length != 1 ? 0 : *byte;
}

static void put_link(uint32_t link, const char *what, uint32_t value) {
    char name[32] = "link0_";
    name[4] = (char)('0' + link);
    strcpy(name + 6, what);
    memory_map_put(name, value);
}

void state_put(void) {
    struct slot_state images = slots_state();
    struct metrology_choice meter = metrology_images_running();
    memory_map_put("mode", setting_byte(SETTING_MODE));
    memory_map_put("sealed", setting_byte(SETTING_SEALED));
    memory_map_put("inputs", board_tamper_inputs());
    memory_map_put("uptime_s", (uint32_t)(clock_us() / US_PER_S));
    memory_map_put("reset_reason", board_reset_reason());
    memory_map_put("metrology", metrology_module.state);
    memory_map_put("metrology_traps", metrology_module.traps);
    memory_map_put("metrology_restarts", state_counts.metrology_restarts);
    memory_map_put("metrology_version", meter.image.version);
    memory_map_put("metrology_half", meter.half);
    memory_map_put("node", node_module.state);
    memory_map_put("node_traps", node_module.traps);
    memory_map_put("node_restarts", state_counts.node_restarts);
    memory_map_put("node_version", images.running_version);
    memory_map_put("node_slot", images.running);
    memory_map_put("pulses_lost", state_counts.pulses_lost);
    memory_map_put("links", board_links);
    memory_map_put("link0_frames_in", state_counts.frames_in);
    memory_map_put("link0_frames_out", state_counts.frames_out);
    memory_map_put("link0_bad_frames", state_counts.bad_frames);
    memory_map_put("link0_frames_dropped", state_counts.frames_dropped);
    for (uint32_t link = 1; link <= peer_links_count(); link++) {
        const struct peer_link_figures *figures = peer_link_figures(link);
        put_link(link, "frames_in", figures->frames_in);
        put_link(link, "frames_out", figures->frames_out);
        put_link(link, "bad_frames", figures->bad_frames);
        put_link(link, "retransmissions", figures->retransmissions);
        put_link(link, "sessions", figures->sessions);
        put_link(link, "overflows", figures->overflows);
    }
}
