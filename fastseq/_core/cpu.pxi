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
    void fs_threads_set(int threads)
    int fs_threads_get()
    const char *fs_openmp_description()
    void fs_parallel_init()

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


cdef int _poll_signals(void *arg) noexcept with gil:
    """Runs pending Python signal handlers; what one raises is kept in the caller's list."""
    try:
        PyErr_CheckSignals()
    except BaseException as error:
        (<list>arg).append(error)
        return 1
    return 0


cdef void run_init(fs_run *run, object threads, list raised) except *:
    """`raised` collects the exception of a signal handler; it must outlive the run."""
    run.threads = 0 if threads is None else threads
    if run.threads < 0:
        raise errors.ArgumentError("bad thread count", where="threads", expected="0 or more", found=str(threads))
    run.poll = _poll_signals
    run.poll_arg = <void *>raised
    run.stopped = 0
    run.done = 0
    run.next_poll_ns = 0


cdef int check_run(fs_status status, fs_error *err, list raised) except -1:
    """As check, for a call that carried a run: an interrupting handler's own exception comes through."""
    if raised:
        raise raised[0]
    return check(status, err)


fs_kernels_init()
fs_parallel_init()
_choose_isa()
