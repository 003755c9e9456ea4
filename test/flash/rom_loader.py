"""The loader in an ESP chip's ROM, as far as flashing needs it, on a pseudo-terminal.

Prints the terminal's name, serves until its standard input ends, then writes what stands in flash to FILE.
Written from the description of the serial protocol, apart from the program that it tests.
"""
import argparse, hashlib, os, select, struct, sys, termios, tty

options = argparse.ArgumentParser()
options.add_argument("file")
options.add_argument("--chip", type=int, default=13)
options.add_argument("--silent-after", type=int, default=-1, help="blocks, then it answers nothing any more")
options.add_argument("--damage", type=int, default=-1, help="a block that arrives damaged")
options.add_argument("--damages", type=int, default=1, help="how often it does")
options.add_argument("--weak-bit", type=int, default=-1, help="an address whose cell does not hold what is written")
options.add_argument("--mute", action="store_true", help="nothing answers at all")
options = options.parse_args()

flash = bytearray(b"\xa5" * 0x400000)
master, slave = os.openpty()
tty.setraw(master)
tty.setraw(slave)
print(os.ttyname(slave), flush=True)

state = {"at": None, "erased": 0, "block": 0, "next": 0, "blocks": 0, "attached": False, "damages": options.damages}


def send(operation, value=0, data=b"", status=b"\0\0\0\0"):
    body = struct.pack("<BBHI", 1, operation, len(data) + len(status), value) + data + status
    body = body.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    os.write(master, b"\xc0" + body + b"\xc0")


def fail(operation, code):
    send(operation, status=bytes([1, code, 0, 0]))


def flash_begin(operation, body):
    if len(body) != 20 or not state["attached"]:
        return fail(operation, 5)
    size, blocks, block, at, encrypted = struct.unpack("<5I", body)
    if encrypted or block > 0x400 or at % 4096:
        return fail(operation, 6)
    end = (at + size + 4095) & ~4095
    flash[at:end] = b"\xff" * (end - at)
    state.update(at=at, erased=end, block=block, next=0, blocks=blocks)
    send(operation)


def flash_data(operation, body, checksum):
    length, sequence = struct.unpack_from("<2I", body)
    data = bytearray(body[16:])
    if sequence == options.damage and state["damages"] > 0:
        state["damages"] -= 1
        data[7] ^= 0x10
    found = 0xEF
    for byte in data:
        found ^= byte
    if len(data) != length or found != checksum:
        return fail(operation, 7)
    if state["at"] is None or sequence != state["next"] or length != state["block"] or sequence >= state["blocks"]:
        return fail(operation, 6)
    at = state["at"] + sequence * state["block"]
    for i, byte in enumerate(data):
        flash[at + i] &= byte
    if at <= options.weak_bit < at + len(data):
        flash[options.weak_bit] ^= 1
    state["next"] += 1
    send(operation)


def request(packet):
    if len(packet) < 8 or packet[0] != 0:
        return
    operation, length, checksum = struct.unpack_from("<xBHI", packet)
    body = packet[8:]
    if len(body) != length or options.mute or 0 <= options.silent_after <= state["next"]:
        return
    if operation == 0x08:
        for _ in range(8):
            send(operation, 0x20120707)
    elif operation == 0x14:
        send(operation, data=struct.pack("<IB7sII", 0, 0, bytes(7), options.chip, 0))
    elif operation == 0x0A:
        send(operation, 0)
    elif operation == 0x0D:
        state["attached"] = len(body) == 8
        send(operation) if len(body) == 8 else fail(operation, 5)
    elif operation == 0x0B:
        send(operation) if len(body) == 24 else fail(operation, 5)
    elif operation == 0x0F:
        send(operation) if len(body) == 8 else fail(operation, 5)
    elif operation == 0x02:
        flash_begin(operation, body)
    elif operation == 0x03:
        flash_data(operation, body, checksum)
    elif operation == 0x13:
        at, size = struct.unpack_from("<2I", body)
        send(operation, data=hashlib.md5(flash[at : at + size]).hexdigest().encode())
    else:
        fail(operation, 5)


packet, inside, escaped = bytearray(), False, False
while True:
    ready, _, _ = select.select([master, sys.stdin], [], [])
    if sys.stdin in ready and not os.read(sys.stdin.fileno(), 1):
        break
    if master not in ready:
        continue
    for byte in os.read(master, 65536):
        if byte == 0xC0:
            if inside and packet:
                request(bytes(packet))
            packet, inside, escaped = bytearray(), True, False
        elif escaped:
            packet.append({0xDC: 0xC0, 0xDD: 0xDB}.get(byte, byte))
            escaped = False
        elif byte == 0xDB:
            escaped = True
        elif inside:
            packet.append(byte)
with open(options.file, "wb") as out:
    out.write(flash)
