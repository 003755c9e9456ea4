// What each operation of the service link does: reads its request and sends its response. boards/LINK.md has the table.
#ifndef TIELINE_OPERATIONS_H
#define TIELINE_OPERATIONS_H

// calls.c
void do_hello(void);
void do_call(void);
void do_call_named(void);
void do_map(void);
void do_start(void);
void do_code_cache(void);

// memory.c
void do_load(void);
void do_flash_read(void);
void do_memory_read(void);
void do_memory_write(void);

// provisioning.c
void do_settings_read(void);
void do_settings_write(void);
void do_keys_make(void);

// status.c
void do_logs(void);
void do_state(void);

// replacement.c
void do_metrology_begin(void);
void do_metrology_data(void);
void do_metrology_end(void);

// images.c
void do_image_begin(void);
void do_image_data(void);
void do_image_end(void);
void do_images(void);

// steps.c
void do_step(void);

#endif
