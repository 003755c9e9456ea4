// The codes of assembly/base/errors.ts that boards and import functions return.
#ifndef TIELINE_ERRORS_H
#define TIELINE_ERRORS_H

#define ERR_ARGUMENT (-1)
#define ERR_STATE (-2)
#define ERR_FLASH (-3)
#define ERR_CRYPTO (-4)
#define ERR_RANGE (-7)
#define ERR_NOT_FOUND (-8)
#define ERR_VALUE (-14)
#define ERR_CAPACITY (-15)
#define ERR_MAC (-16)
#define ERR_SIGNATURE (-19)
#define ERR_REPLAY (-20)

#endif
