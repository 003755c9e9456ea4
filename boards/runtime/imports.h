// The import functions of assembly/metrology/board.ts.
#ifndef TIELINE_IMPORTS_H
#define TIELINE_IMPORTS_H

#include <wasm3.h>

// Links every import of METROLOGY_IMPORTS that the module asks for. Returns NULL, or wasm3's error.
M3Result imports_link(IM3Module module);

#endif
