// Operations that tell how a board is.
#include "frame.h"
#include "log.h"
#include "operations.h"
#include "request.h"
#include "state.h"

void do_logs(void) {
    respond(STATUS_OK);
    log_put();
    frame_end();
}

void do_state(void) {
    respond(STATUS_OK);
    state_put();
    frame_end();
}
