// Where start-up code of boards without an operating system goes.
#include "firmware.h"

int main(void) {
    firmware_run();
}
