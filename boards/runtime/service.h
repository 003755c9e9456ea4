// The service link: requests in, responses out. Normative text: boards/LINK.md.
#ifndef TIELINE_SERVICE_H
#define TIELINE_SERVICE_H

// Starts the metrology module that is built into the firmware and answers requests for ever.
_Noreturn void service_run(void);

#endif
