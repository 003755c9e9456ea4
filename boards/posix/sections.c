// A process is not what a chip would hold: of its sections the memory map tells nothing but the modules' images.
#include "memory_map.h"

extern const char metrology_image[], metrology_image_end[], node_image[], node_image_end[];

void memory_map_sections(void) {
    memory_map_put("module_image", (uint32_t)(metrology_image_end - metrology_image));
    memory_map_put("node_image", (uint32_t)(node_image_end - node_image));
}
