"""Jupyter's own conformance suite (jupyter_kernel_test), told about this kernel. Run by test/jupyter/jupyter.test.ts."""

import unittest

import jupyter_kernel_test


class IsoflopTests(jupyter_kernel_test.KernelTests):
    kernel_name = "isoflop"
    language_name = "isoflop-ts"
    file_extension = ".ts"

    code_hello_world = "console.log('hello, world')"
    code_stderr = "console.error('oops')"
    code_generate_error = "throw new Error('as asked')"
    code_clear_output = "import { clearOutput } from 'isoflop'; clearOutput()"
    code_page_something = ""
    completion_samples = [
        {"text": "const alpha = [1]; alpha.conc", "matches": {"concat"}},
        {"text": "Math.flo", "matches": {"floor"}},
    ]
    complete_code_samples = ["1", "console.log('x')", "function f(x: number) { return x * 2; }", "await Promise.resolve(1)"]
    incomplete_code_samples = ["function f(x: number) {", "console.log(", "const s = `a"]
    invalid_code_samples = ["const const = 1", "1 +* 2"]
    code_execute_result = [
        {"code": "1 + 2 + 3", "result": "6"},
        {"code": "[1, 2].map((x) => x * 2)", "result": "[ 2, 4 ]"},
    ]
    code_display_data = [
        {"code": "import { display, view } from 'isoflop'; display(view.table([{ a: 1 }]))", "mime": "text/plain"},
        {"code": "import { display, view } from 'isoflop'; display(view.table([{ a: 2 }]))", "mime": "application/vnd.isoflop.table.v1+json"},
    ]
    code_history_pattern = "1*2*"
    supported_history_operations = ("tail", "search", "range")
    code_inspect_sample = "Math.floor"


if __name__ == "__main__":
    unittest.main()
