# Instruction sets, threads and the run that every native call carries.
cdef extern from "base/cpu.h" nogil:
    ctypedef int fs_isa
    int FS_ISA_COUNT
    const char *fs_isa_name(fs_isa isa)
    int fs_isa_available(fs_isa isa)
    fs_status fs_isa_from_name(const char *name, fs_isa *out, fs_error *err)
    fs_status fs_isa_choose(fs_isa *out, fs_error *err)

cdef extern from "base/parallel.h" nogil:
    ctypedef int64_t fs_atomic
    ctypedef struct fs_run:
        int threads
        int (*poll)(void *) noexcept nogil
        void *poll_arg
        fs_atomic stopped
        fs_atomic done
        int64_t next_poll_ns
        int64_t deadline_ns
    ctypedef enum fs_stop:
        FS_STOP_NONE
        FS_STOP_ASKED
        FS_STOP_DEADLINE
    int64_t fs_clock_ns()
    void fs_threads_set(int threads)
    int fs_threads_get()
    int fs_run_threads(const fs_run *run)
    const char *fs_openmp_description()
    void fs_parallel_init()

cdef extern from "kernels/kernel_types.h" nogil:
    ctypedef enum fs_dtype:
        FS_F32
        FS_BF16
        FS_S8
        FS_BLOCKS

cdef extern from "kernels/kernels.h" nogil:
    ctypedef struct fs_kernels:
        fs_isa isa
    int FS_SLOT_COUNT
    void fs_kernels_init()
    const fs_kernels *fs_kernels_for(fs_isa isa)
    const char *fs_kernels_slot_name(int slot)
    fs_isa fs_kernels_slot_isa(fs_isa isa, int slot)

cdef extern from *:
    """
    #ifndef FS_BUILD
    #define FS_BUILD "release"
    #endif
    #if defined(__clang__)
    #define FS_COMPILER "Clang " __clang_version__
    #elif defined(__GNUC__)
    #define FS_COMPILER "GCC " __VERSION__
    #elif defined(_MSC_VER)
    #define FS_COMPILER "MSVC"
    #else
    #define FS_COMPILER "unknown"
    #endif
    """
    const char *FS_BUILD
    const char *FS_COMPILER

cdef fs_isa _chosen_isa


cdef int _choose_isa() except -1:
    global _chosen_isa
    cdef fs_error err
    return check(fs_isa_choose(&_chosen_isa, &err), &err)


cdef const fs_kernels *kernels_named(str isa) except NULL:
    """The table of the instruction set of that name; None for the one chosen at import."""
    cdef fs_error err
    cdef fs_isa found = _chosen_isa
    if isa is not None:
        name = isa.encode()
        check(fs_isa_from_name(name, &found, &err), &err)
    return fs_kernels_for(found)


def isa_chosen() -> str:
    return _text(fs_isa_name(_chosen_isa))


def isas_available() -> list:
    return [_text(fs_isa_name(i)) for i in range(FS_ISA_COUNT) if fs_isa_available(i)]


def kernel_isas(isa: str | None = None) -> dict:
    """Slot name -> the instruction set whose function the table holds there."""
    cdef const fs_kernels *k = kernels_named(isa)
    return {
        _text(fs_kernels_slot_name(slot)): _text(fs_isa_name(fs_kernels_slot_isa(k.isa, slot)))
        for slot in range(FS_SLOT_COUNT)
    }


def build_info() -> dict:
    return {"compiler": _text(FS_COMPILER), "openmp": _text(fs_openmp_description()), "build": _text(FS_BUILD)}


def set_num_threads(int threads) -> None:
    fs_threads_set(threads)


def get_num_threads() -> int:
    return fs_threads_get()


cdef extern from "Python.h":
    int PyErr_CheckSignals() except -1


cdef int64_t _deadline(seconds):
    """By fs_clock_ns; in a century at the latest, so that the sum is a time."""
    return fs_clock_ns() + <int64_t>(max(0.0, min(float(seconds), 3e9)) * 1e9)


cdef int _poll(void *arg) noexcept with gil:
    return (<Run>arg).poll()


cdef class Run:
    """What a native call carries: its thread count, Python's signals, and who is told of progress.

    threads: None for the process-wide count. progress: called with the items done so far, about 50 times a
    second, on the calling thread. deadline: seconds from now until the work is to stop.
    """
    cdef fs_run run
    cdef object progress, raised

    def __cinit__(self, threads=None, progress=None, deadline=None):
        if threads is not None and not isinstance(threads, int) and hasattr(threads, "__index__"):
            threads = threads.__index__()  # NumPy's
        if threads is not None and (not isinstance(threads, int) or not 0 <= threads <= 4096):
            raise errors.ArgumentError("bad thread count", where="threads", expected="0 to 4096", found=repr(threads))
        self.run.threads = 0 if threads is None else threads
        self.run.poll = _poll
        self.run.poll_arg = <void *>self
        self.progress = progress
        if deadline is not None:
            self.run.deadline_ns = _deadline(deadline)

    cdef int poll(self) noexcept:
        """Runs pending signal handlers; what one raises is kept, and stops the work."""
        try:
            PyErr_CheckSignals()
            if self.progress is not None:
                self.progress(self.run.done)
        except BaseException as error:
            self.raised = error
            return 1
        return 0

    cdef int check(self, fs_status status, fs_error *err) except -1:
        """As check, for a call that carried this run: an interrupting handler's own exception comes through."""
        if self.raised is not None:
            raise self.raised
        return check(status, err)


fs_kernels_init()
fs_parallel_init()
_choose_isa()
