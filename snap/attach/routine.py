"""Machine code that runs a line of source and says, whatever came of that, that all went well.

What the interpreter is asked to call between two instructions must return 0: the program gets a
``SystemError`` otherwise. The interpreter's own functions that run source return -1 for what an
audit hook of the program has refused, and print a traceback.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

# What is found at the page's end where the line was refused; a page whose line ran is gone.
REFUSED: Final = b"refused\0"
# Py_file_input: the source is that of a module.
FILE_INPUT: Final = 257

# int routine(char *page), the line at the page's beginning: code, operand, and what both say.
_X86_64: Final = """
f30f1efa             | endbr64
53                   | push rbx
4154                 | push r12
4883ec08             | sub rsp, 8
4889fb               | mov rbx, rdi
48b8 PyDict_New      | mov rax, PyDict_New
ffd0                 | call rax
4989c4               | mov r12, rax
4885c0               | test rax, rax
7453                 | je refused
4889df               | mov rdi, rbx
be FILE_INPUT        | mov esi, FILE_INPUT
4c89e2               | mov rdx, r12
4c89e1               | mov rcx, r12
48b8 PyRun_String    | mov rax, PyRun_String
ffd0                 | call rax
4885c0               | test rax, rax
7434                 | je refused
4889c7               | mov rdi, rax
48b8 Py_DecRef       | mov rax, Py_DecRef
ffd0                 | call rax
4c89e7               | mov rdi, r12
48b8 Py_DecRef       | mov rax, Py_DecRef
ffd0                 | call rax
4889df               | mov rdi, rbx
48b8 shmdt           | mov rax, shmdt
4883c408             | add rsp, 8
415c                 | pop r12
5b                   | pop rbx
ffe0                 | jmp rax        its 0 is the caller's, and this page is gone
                     | refused:
48b8 PyErr_Clear     | mov rax, PyErr_Clear
ffd0                 | call rax
4c89e7               | mov rdi, r12
48b8 Py_DecRef       | mov rax, Py_DecRef
ffd0                 | call rax
48b8 REFUSED         | mov rax, REFUSED
488983 END           | mov [rbx + END], rax
31c0                 | xor eax, eax
4883c408             | add rsp, 8
415c                 | pop r12
5b                   | pop rbx
c3                   | ret
"""


def routine(functions: Mapping[str, int], page_size: int) -> bytes:
    """Give the code, to be called with the page's address; empty for an unknown processor.

    Parameters
    ----------
    functions
        Addresses in the target, by name.
    page_size
        Bytes of the page that the line begins; its last 8 become `REFUSED`, or the page is gone.
    """
    if os.uname().machine != "x86_64":
        return b""
    values = {name: address.to_bytes(8, "little") for name, address in functions.items()}
    values["FILE_INPUT"] = FILE_INPUT.to_bytes(4, "little")
    values["REFUSED"] = REFUSED
    values["END"] = (page_size - len(REFUSED)).to_bytes(4, "little")
    code = b""
    for line in _X86_64.splitlines():
        operation, _, operand = line.partition("|")[0].strip().partition(" ")
        code += bytes.fromhex(operation) + (values[operand] if operand else b"")
    return code
