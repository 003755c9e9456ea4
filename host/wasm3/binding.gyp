{
  "variables": {
    "wasm3": "../../node_modules/react-native-webassembly/cpp",
    # d_m3CascadedOpcodes=0 leaves no gaps in wasm3's operation tables, and is what the boards use.
    "wasm3_defines": ["d_m3RecordBacktraces=1", "d_m3CascadedOpcodes=0", "d_m3CodePageAlignSize=8192"],
  },
  "target_defaults": {
    "defines": ["<@(wasm3_defines)"],
    "cflags": ["-fvisibility=hidden"],
    "xcode_settings": {"GCC_SYMBOLS_PRIVATE_EXTERN": "YES"},
  },
  "targets": [
    {
      # Apart from our own code because its warnings are not ours to mend.
      "target_name": "m3",
      "type": "static_library",
      "include_dirs": ["<(wasm3)"],
      # Every operation ends in a tail call; a frame pointer would cost each one a push and a pop.
      "cflags": ["-O3", "-w", "-fPIC", "-fomit-frame-pointer", "-fno-strict-aliasing"],
      "cflags!": ["-fno-omit-frame-pointer", "-Wall", "-Wextra"],
      "xcode_settings": {"OTHER_CFLAGS": ["-O3", "-w", "-fomit-frame-pointer", "-fno-strict-aliasing"]},
      "sources": [
        "metered/m3_compile_metered.c",
        "<(wasm3)/m3_bind.c",
        "<(wasm3)/m3_code.c",
        "<(wasm3)/m3_core.c",
        "<(wasm3)/m3_env.c",
        "<(wasm3)/m3_exec.c",
        "<(wasm3)/m3_function.c",
        "<(wasm3)/m3_module.c",
        "<(wasm3)/m3_parse.c",
      ],
    },
    {
      "target_name": "wasm3",
      "dependencies": ["m3"],
      "defines": ["NAPI_VERSION=8"],
      "cflags": [
        "-O2",
        "-Wall",
        "-Wextra",
        "-Werror",
        "-fno-strict-aliasing",
        "-isystem <(module_root_dir)/<(wasm3)",
      ],
      # node-gyp's own defaults allow unused parameters.
      "cflags!": ["-Wno-unused-parameter"],
      "xcode_settings": {"OTHER_CFLAGS": ["-Wall", "-Wextra", "-Werror", "-isystem <(module_root_dir)/<(wasm3)"]},
      "sources": [
        "addon/addon.c",
        "addon/calls.c",
        "addon/errors.c",
        "addon/instance.c",
        "addon/linking.c",
        "addon/memory_view.c",
        "addon/sections.c",
        "addon/thread_stack.c",
        "addon/values.c",
      ],
    },
  ],
}
