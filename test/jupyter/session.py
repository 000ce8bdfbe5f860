"""What a Jupyter client does with a kernel beyond the conformance suite. Prints one line for each thing; run by test/jupyter/jupyter.test.ts."""

import time

import jupyter_client
import zmq

manager, client = jupyter_client.manager.start_new_kernel(kernel_name="isoflop", startup_timeout=60)
TIMEOUT = 60


def reply(msg_id, get=client.get_shell_msg):
    while True:
        message = get(timeout=TIMEOUT)
        if message["parent_header"].get("msg_id") == msg_id:
            return message["content"]


def value(code):
    found = []
    client.execute_interactive(code, timeout=TIMEOUT, output_hook=lambda m: found.append(m["content"].get("data", {}).get("text/plain")))
    return next((text for text in reversed(found) if text is not None), None)


loop = client.execute("let i = 0; console.log('begun'); for (;;) i++")
while client.get_iopub_msg(timeout=TIMEOUT)["msg_type"] != "stream":
    pass
time.sleep(1)
manager.interrupt_kernel()
name = reply(loop).get("ename")
print(f"interrupted: {name}, state kept: {value('i > 1000')}")

prompts = []


def answer(message):
    prompts.append(message["content"]["prompt"])
    client.input("Ada")


shown = []
client.execute_interactive(
    "import { input } from 'isoflop'; await input('your name?')",
    timeout=TIMEOUT,
    allow_stdin=True,
    stdin_hook=answer,
    output_hook=lambda m: shown.append(m["content"].get("data", {}).get("text/plain")),
)
text = [text for text in shown if text is not None][-1]
print(f"asked: {prompts[0].strip()} answered: {text!r}")

content = reply(client.complete("'😀'; [1].ma", 11))
print(f"completed: {content['matches'][0]} at {content['cursor_start']} to {content['cursor_end']}")

info = manager.get_connection_info()
socket = zmq.Context().socket(zmq.DEALER)
socket.connect(f"tcp://{info['ip']}:{info['shell_port']}")
session = jupyter_client.session.Session(key=b"wrong", signature_scheme=info["signature_scheme"])
session.send(socket, "kernel_info_request", {})
wrong = "no answer" if socket.poll(1500) == 0 else "answered"
session = jupyter_client.session.Session(key=info["key"], signature_scheme=info["signature_scheme"])
session.send(socket, "kernel_info_request", {})
right = "no answer" if socket.poll(TIMEOUT * 1000) == 0 else "answered"
print(f"a wrong signature: {wrong}; a right one: {right}")

manager.shutdown_kernel()
print(f"ended: {not manager.is_alive()}")
client.stop_channels()
