// What a board says about itself, for people: each line goes out as an event LOG.
#ifndef TIELINE_LOG_H
#define TIELINE_LOG_H

void log_line(const char *text);
// The same, of several texts; the last argument is NULL.
__attribute__((sentinel)) void log_text(const char *text, ...);

#endif
