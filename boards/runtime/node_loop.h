// The node module in free mode: booted from the settings, given time and what comes over the links to peers, and started
// again after a pause when it fails. The meter never waits for it.
#ifndef TIELINE_NODE_LOOP_H
#define TIELINE_NODE_LOOP_H

#include <stdint.h>

// Starts it, if the settings have a boot record of a node.
void node_loop_start(uint64_t now_us);
// Whether there is a node to run; it may be down.
int node_loop_configured(void);

// Does what is due by now: links, then the node's clock.
void node_loop_turn(uint64_t now_us);
// Whether nothing is left to do at this time.
int node_loop_quiet(void);
// Until when nothing is due, unless bytes come.
uint64_t node_loop_due_us(uint64_t now_us);

#endif
