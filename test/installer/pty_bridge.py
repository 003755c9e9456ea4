"""A program's standard input and output at the end of a serial line: prints the terminal's name, then carries bytes
both ways until its own standard input ends or the program does."""
import os, select, subprocess, sys, tty

master, slave = os.openpty()
tty.setraw(master)
tty.setraw(slave)
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
print(os.ttyname(slave), flush=True)
try:
    while True:
        ready, _, _ = select.select([master, child.stdout, sys.stdin], [], [])
        if sys.stdin in ready and not os.read(sys.stdin.fileno(), 1):
            break
        if master in ready:
            child.stdin.write(os.read(master, 4096))
        if child.stdout in ready:
            data = os.read(child.stdout.fileno(), 4096)
            if not data:
                break
            os.write(master, data)
finally:
    child.kill()
    child.wait()
