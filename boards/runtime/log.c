#include "log.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "frame.h"
#include "request.h"

void log_line(const char *text) {
    event_text(STATUS_LOG, text);
}

void log_text(const char *text, ...) {
    va_list more;
    va_start(more, text);
    event_begin(STATUS_LOG);
    for (const char *next = text; next != NULL; next = va_arg(more, const char *)) frame_put(next, strlen(next));
    frame_end();
    va_end(more);
}
