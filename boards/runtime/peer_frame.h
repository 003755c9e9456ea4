// The contents of peer links' frames: boards/LINK.md, "Peer links".
#ifndef TIELINE_PEER_FRAME_H
#define TIELINE_PEER_FRAME_H

enum peer_frame {
    PEER_HELLO = 1, // session of the sender (4), session of the receiver or 0 (4), whether the sender is connected (1)
    PEER_DATA,      // session of the sender (4), number (2), bytes
    PEER_ACK,       // session of the receiver (4), number of the frame that is expected (2)
    PEER_BYE,       // session of the sender (4)
};

#define PEER_HELLO_BYTES 10u
#define PEER_DATA_HEADER_BYTES 7u
#define PEER_ACK_BYTES 7u
#define PEER_BYE_BYTES 5u

// Most bytes in a DATA frame, and frames under way that are not acknowledged.
#define PEER_DATA_BYTES 512u
#define PEER_WINDOW 4u

#define PEER_HELLO_EVERY_US 1000000u
// A frame is sent again after the first pause; each time that brings nothing doubles it, up to the last. So many times
// end the session.
#define PEER_FIRST_PAUSE_US 250000u
#define PEER_LAST_PAUSE_US 2000000u
#define PEER_FAILURES 10u

#endif
