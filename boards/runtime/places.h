// The places modules run in, by their numbers on the service link.
#ifndef TIELINE_PLACES_H
#define TIELINE_PLACES_H

#include "built_in.h"

enum { PLACE_METROLOGY, PLACE_NODE };

struct place {
    struct built_in *built_in;
    const struct module_terms *test_terms; // for a module under test
    const char *(*start)(void);            // loads the built-in one. Returns NULL, or why it cannot run
};

// Takes the place's number from the request. NULL: there is no such place, and the refusal is sent.
const struct place *place_take(void);

// The same, if the module there runs.
const struct place *place_take_running(void);

// The same as `place_take`, if in free mode the board does not run the place itself.
const struct place *place_take_driven(void);

#endif
