// What a board says about itself, for people: lines of short English with the second in which they were written. They are
// kept in a ring in RAM until the power fails, and each goes out as an event LOG. boards/LINK.md, operation LOGS.
#ifndef TIELINE_LOG_H
#define TIELINE_LOG_H

#include <stdint.h>

// Bytes kept, and of one line without its end; longer ones are cut off.
#define LOG_BYTES 1024u
#define LOG_LINE_BYTES 120u

// The first line: why the board has started. Called once, before the others.
void log_open(void);

// Adds a line. Its event goes out before the next frame does, or with log_flush: never into the middle of a frame.
void log_line(const char *text);
// The same, of several texts; the last argument is NULL.
__attribute__((sentinel)) void log_text(const char *text, ...);
// The same, of a text and a decimal number.
void log_number(const char *text, uint32_t number);

// Sends the events of the lines that have not gone out yet.
void log_flush(void);

// The lines that are left, oldest first, each with a line feed behind it, as the payload of a frame that is begun.
void log_put(void);

#endif
