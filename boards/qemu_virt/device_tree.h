// The flattened device tree the emulator hands over (Devicetree Specification, chapter 5).
#ifndef TIELINE_QEMU_VIRT_DEVICE_TREE_H
#define TIELINE_QEMU_VIRT_DEVICE_TREE_H

#include <stdint.h>

// Value of the first property called `name` in any node, or NULL. `length` receives its size in bytes.
uint8_t *device_tree_property(const char *name, uint32_t *length);

#endif
