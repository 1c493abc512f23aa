/* Preloaded (LD_PRELOAD) into a program: counts the calls by which it changes what lies in a folder, and lets some fail.

   Calls are write, fsync, rename, link, truncate, mkdir, unlink and their kin, and opening for writing. Those made
   inside libc, such as by fclose, are not seen; Python, SQLite, HDF5 and Arrow make theirs from outside.

   What it does stands in a file that all processes of the program map and that the test may change while they run. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* Kept in step with disk_faults.py. */
struct plan {
    int64_t count;  /* calls so far */
    int64_t failed; /* of them, those that were failed */
    int64_t at;     /* the first that fails; 0: none */
    int64_t error;  /* errno */
    int64_t lasts;  /* 1: every later call fails too, 0: this one alone */
    int64_t slow;   /* microseconds that each call takes longer */
    int64_t shift;  /* seconds by which the time of day is off; the steady clock goes on */
};

/* In place of an errno: the process is killed before the call, as for want of memory. */
#define KILLED 1000

/* What a call needs, of which errors ask. */
enum need { SPACE = 1, NAME = 2, CHANGE = 4, SYNC = 8, FREES = 16 };

static struct plan *plan;
static const char *under;
static size_t under_length;
static int notes = -1;

__attribute__((constructor)) static void begin(void) {
    const char *file = getenv("FAULTS_PLAN"), *list = getenv("FAULTS_NOTES");
    under = getenv("FAULTS_UNDER");
    if (!file || !under) return;
    under_length = strlen(under);
    int descriptor = syscall(SYS_openat, AT_FDCWD, file, O_RDWR | O_CLOEXEC, 0);
    if (descriptor < 0) return;
    void *found = mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
    syscall(SYS_close, descriptor);
    if (found != MAP_FAILED) plan = found;
    if (list) notes = syscall(SYS_openat, AT_FDCWD, list, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
}

static int inside(const char *path) {
    return !strncmp(path, under, under_length) && (path[under_length] == '/' || path[under_length] == 0);
}

static int linked(int descriptor, char *path) {
    char name[40];
    snprintf(name, sizeof name, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(name, path, PATH_MAX - 1);
    path[length < 0 ? 0 : length] = 0;
    return length > 0;
}

static void absolute(int folder, const char *path, char *whole) {
    char base[PATH_MAX];
    if (path[0] == '/') {
        snprintf(whole, PATH_MAX, "%s", path);
        return;
    }
    if (folder == AT_FDCWD ? !getcwd(base, sizeof base) : !linked(folder, base)) base[0] = 0;
    snprintf(whole, PATH_MAX, "%.*s/%.*s", PATH_MAX / 2, base, PATH_MAX / 2 - 2, path);
}

/* Whether this kind of failure can meet a call that needs this. */
static int meets(int needs, int first) {
    switch (plan->error) {
    case ENOSPC:
    case EDQUOT:
        /* A full disk may also tell of itself late, by fsync or rename; a program meets that once. */
        return needs & (SPACE | NAME) || (first && needs & (SYNC | CHANGE) && !(needs & FREES));
    default:
        return 1;
    }
}

/* Count a call; return the error that it is to fail with, or 0. */
static int told(const char *call, int needs, const char *path) {
    if (!plan || !inside(path)) return 0;
    int saved = errno;
    int64_t number = __atomic_add_fetch(&plan->count, 1, __ATOMIC_SEQ_CST), at = plan->at;
    if (plan->slow) {
        struct timespec wait = {plan->slow / 1000000, plan->slow % 1000000 * 1000};
        nanosleep(&wait, NULL);
    }
    int hit = at && (plan->lasts ? number >= at : number == at) && meets(needs, number == at);
    if (hit) __atomic_add_fetch(&plan->failed, 1, __ATOMIC_SEQ_CST);
    if (notes >= 0) {
        char line[PATH_MAX + 100];
        int length = snprintf(line, sizeof line, "%lld\t%s\t%s\t%s\n", (long long)number, call, path, hit ? "failed" : "");
        if (length > 0) syscall(SYS_write, notes, line, length);
    }
    if (hit && plan->error == KILLED) kill(getpid(), SIGKILL);
    errno = saved;
    return hit ? (int)plan->error : 0;
}

static int told_of(const char *call, int needs, int descriptor) {
    char path[PATH_MAX];
    return plan && linked(descriptor, path) ? told(call, needs, path) : 0;
}

static int told_at(const char *call, int needs, int folder, const char *path) {
    char whole[PATH_MAX];
    if (!plan || !path) return 0;
    absolute(folder, path, whole);
    return told(call, needs, whole);
}

#define REAL(name) \
    static __typeof__(&name) real; \
    if (!real) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)
#define FAIL(error) \
    do { \
        int errno_given = error; \
        if (errno_given) { \
            errno = errno_given; \
            return -1; \
        } \
    } while (0)

static int opening(int folder, const char *path, int flags) {
    int made = 0;
    if (!(flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC))) return 0;
    if (flags & O_CREAT) {
        struct stat there;
        made = fstatat(folder, path, &there, 0) != 0;
    }
    return told_at("open", made ? NAME : FREES, folder, path);
}

/* The mode is given with flags alone that make a file: open(2). */
#define MODE \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { \
        va_list more; \
        va_start(more, flags); \
        mode = va_arg(more, mode_t); \
        va_end(more); \
    }
#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        MODE; \
        REAL(name); \
        int saved = errno; \
        FAIL(opening(AT_FDCWD, path, flags)); \
        errno = saved; \
        return real(path, flags, mode); \
    }
#define OPENAT(name) \
    int name(int folder, const char *path, int flags, ...) { \
        MODE; \
        REAL(name); \
        int saved = errno; \
        FAIL(opening(folder, path, flags)); \
        errno = saved; \
        return real(folder, path, flags, mode); \
    }
OPEN(open)
OPEN(open64)
OPENAT(openat)
OPENAT(openat64)

#define FOPEN(name) \
    FILE *name(const char *path, const char *mode) { \
        REAL(name); \
        int flags = strpbrk(mode, "wa") ? O_WRONLY | O_CREAT : strchr(mode, '+') ? O_RDWR : 0; \
        int why = opening(AT_FDCWD, path, flags); \
        if (why) { \
            errno = why; \
            return NULL; \
        } \
        return real(path, mode); \
    }
FOPEN(fopen)
FOPEN(fopen64)

/* A disk that fills up takes the first half of what does not fit, and the next call fails. */
static size_t fits(size_t size) { return plan && plan->lasts && plan->error == ENOSPC && size > 1 ? size / 2 : 0; }

static int last_word(void) { return plan->count == plan->at; }

ssize_t write(int descriptor, const void *content, size_t size) {
    REAL(write);
    int why = told_of("write", SPACE, descriptor);
    if (why && last_word() && fits(size)) return real(descriptor, content, fits(size));
    FAIL(why);
    return real(descriptor, content, size);
}

#define PWRITE(name, offset_type) \
    ssize_t name(int descriptor, const void *content, size_t size, offset_type offset) { \
        REAL(name); \
        int why = told_of("pwrite", SPACE, descriptor); \
        if (why && last_word() && fits(size)) return real(descriptor, content, fits(size), offset); \
        FAIL(why); \
        return real(descriptor, content, size, offset); \
    }
PWRITE(pwrite, off_t)
PWRITE(pwrite64, off64_t)

ssize_t writev(int descriptor, const struct iovec *parts, int count) {
    REAL(writev);
    FAIL(told_of("write", SPACE, descriptor));
    return real(descriptor, parts, count);
}

ssize_t sendfile(int out, int in, off_t *offset, size_t size) {
    static ssize_t (*real)(int, int, off_t *, size_t);
    if (!real) real = (ssize_t(*)(int, int, off_t *, size_t))dlsym(RTLD_NEXT, "sendfile");
    FAIL(told_of("write", SPACE, out));
    return real(out, in, offset, size);
}

ssize_t sendfile64(int out, int in, off64_t *offset, size_t size) {
    static ssize_t (*real)(int, int, off64_t *, size_t);
    if (!real) real = (ssize_t(*)(int, int, off64_t *, size_t))dlsym(RTLD_NEXT, "sendfile64");
    FAIL(told_of("write", SPACE, out));
    return real(out, in, offset, size);
}

ssize_t copy_file_range(int in, off64_t *from, int out, off64_t *to, size_t size, unsigned flags) {
    REAL(copy_file_range);
    FAIL(told_of("write", SPACE, out));
    return real(in, from, out, to, size, flags);
}

#define ON_DESCRIPTOR(name, call, needs, given, passed) \
    int name given { \
        REAL(name); \
        FAIL(told_of(call, needs, descriptor)); \
        return real passed; \
    }
ON_DESCRIPTOR(fsync, "fsync", SYNC, (int descriptor), (descriptor))
ON_DESCRIPTOR(fdatasync, "fsync", SYNC, (int descriptor), (descriptor))
ON_DESCRIPTOR(ftruncate, "truncate", CHANGE, (int descriptor, off_t size), (descriptor, size))
ON_DESCRIPTOR(ftruncate64, "truncate", CHANGE, (int descriptor, off64_t size), (descriptor, size))

int posix_fallocate(int descriptor, off_t offset, off_t size) {
    REAL(posix_fallocate);
    int why = told_of("truncate", SPACE, descriptor);
    return why ? why : real(descriptor, offset, size);
}

#define ON_PATH(name, call, needs, given, folder, path, passed) \
    int name given { \
        REAL(name); \
        FAIL(told_at(call, needs, folder, path)); \
        return real passed; \
    }
ON_PATH(mkdir, "mkdir", NAME, (const char *path, mode_t mode), AT_FDCWD, path, (path, mode))
ON_PATH(mkdirat, "mkdir", NAME, (int folder, const char *path, mode_t mode), folder, path, (folder, path, mode))
ON_PATH(unlink, "unlink", FREES, (const char *path), AT_FDCWD, path, (path))
ON_PATH(unlinkat, "unlink", FREES, (int folder, const char *path, int flags), folder, path, (folder, path, flags))
ON_PATH(rmdir, "unlink", FREES, (const char *path), AT_FDCWD, path, (path))
ON_PATH(truncate, "truncate", CHANGE, (const char *path, off_t size), AT_FDCWD, path, (path, size))
ON_PATH(rename, "rename", CHANGE, (const char *from, const char *to), AT_FDCWD, to, (from, to))
ON_PATH(renameat, "rename", CHANGE, (int a, const char *from, int b, const char *to), b, to, (a, from, b, to))
ON_PATH(renameat2, "rename", CHANGE, (int a, const char *from, int b, const char *to, unsigned flags), b, to,
        (a, from, b, to, flags))
ON_PATH(link, "link", NAME, (const char *from, const char *to), AT_FDCWD, to, (from, to))
ON_PATH(linkat, "link", NAME, (int a, const char *from, int b, const char *to, int flags), b, to,
        (a, from, b, to, flags))
ON_PATH(symlink, "link", NAME, (const char *from, const char *to), AT_FDCWD, to, (from, to))
ON_PATH(symlinkat, "link", NAME, (const char *from, int folder, const char *to), folder, to, (from, folder, to))

/* A clock that is set while a program runs. libfaketime also moves the deadlines of sleeps, which then fail. */
int clock_gettime(clockid_t clock, struct timespec *now) {
    REAL(clock_gettime);
    int said = real(clock, now);
    if (!said && plan && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += plan->shift;
    return said;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
    int said = real(now, zone);
    if (!said && plan) now->tv_sec += plan->shift;
    return said;
}

time_t time(time_t *kept) {
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (kept) *kept = now.tv_sec;
    return now.tv_sec;
}
