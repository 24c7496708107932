/* Stands between a process and its disk: records what is done to files under a folder, or makes it fail, or kills.
 *
 * Loaded with LD_PRELOAD; does nothing until one of the functions at the end is called (tests/torture/disk_calls.py
 * does, through ctypes). A record says which call was made on which inode, with the data, so that
 * tests/torture/power.py can tell what would be on the disk had the power failed between any two of them.
 *
 * SQLite's -shm file is left out: it is shared memory that happens to have a name, and is made anew after a crash.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

enum op { CREATE = 1, WRITE, TRUNCATE, RENAME, LINK, UNLINK, MKDIR, RMDIR, SYNC, MARK, UNKNOWN };

/* What can be made to fail, as bits. */
enum kind { K_OPEN = 1, K_OPEN_TO_WRITE = 2, K_WRITE = 4, K_SYNC = 8, K_RENAME = 16, K_UNLINK = 32, K_MKDIR = 64,
            K_TRUNCATE = 128, K_READ = 256 };

enum fate { NO_FATE, FAIL_ONCE, FAIL_ON, FAIL_SHORT, KILL_BEFORE, KILL_AFTER };

static char root[PATH_MAX];
static size_t root_length;
static int log_fd = -1;
static long fate_at, fate_counted;
static int fate_kinds, fate_errno;
static enum fate fate;
static pthread_mutex_t one_at_a_time = PTHREAD_RECURSIVE_MUTEX_INITIALIZER_NP;

#define REAL(name) \
    static __typeof__(name) *real; \
    if (!real) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static ssize_t real_write(int fd, const void *data, size_t size) { REAL(write); return real(fd, data, size); }

struct record { uint32_t op, length, first, second; uint64_t a, b, c; };

static void note(enum op op, uint64_t a, uint64_t b, uint64_t c, const void *first, size_t n, const void *second, size_t m)
{
    if (log_fd < 0) return;
    size_t size = sizeof(struct record) + n + m;
    char *bytes = malloc(size);
    struct record head = {op, (uint32_t)size, (uint32_t)n, (uint32_t)m, a, b, c};
    memcpy(bytes, &head, sizeof head);
    if (n) memcpy(bytes + sizeof head, first, n);
    if (m) memcpy(bytes + sizeof head + n, second, m);
    if (real_write(log_fd, bytes, size) != (ssize_t)size) abort();
    free(bytes);
}

static int is_ours(const char *path)
{
    size_t length = strlen(path);
    if (!root_length || strncmp(path, root, root_length) || (path[root_length] && path[root_length] != '/')) return 0;
    return !(length > 4 && !strcmp(path + length - 4, "-shm")) && !strstr(path, "-shm (deleted)");
}

static int path_of_fd(int fd, char *path)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, PATH_MAX - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return 1;
}

/* The absolute path, and whether it is under the folder. Keeps errno. */
static int resolve(int at, const char *path, char *full)
{
    char folder[PATH_MAX];
    int error = errno, ours = 0;
    if (!root_length) return 0;
    if (path[0] == '/') snprintf(full, PATH_MAX, "%s", path);
    else if (at == AT_FDCWD ? getcwd(folder, PATH_MAX) != NULL : path_of_fd(at, folder)) {
        if (strlen(folder) + strlen(path) + 2 > PATH_MAX) abort();
        strcpy(full, folder); strcat(full, "/"); strcat(full, path);
    } else { errno = error; return 0; }
    ours = is_ours(full);
    errno = error;
    return ours;
}

static int fd_is_ours(int fd)
{
    char path[PATH_MAX];
    int error = errno;
    int ours = root_length && path_of_fd(fd, path) && is_ours(path);
    errno = error;
    return ours;
}

static uint64_t inode_of_fd(int fd) { struct stat s; return fstat(fd, &s) ? 0 : s.st_ino; }
static uint64_t inode_of(const char *path) { struct stat s; return lstat(path, &s) ? 0 : s.st_ino; }
static const char *name_of(const char *path) { return strrchr(path, '/') + 1; }
static uint64_t inode_of_parent(const char *path)
{
    char parent[PATH_MAX];
    snprintf(parent, sizeof parent, "%s", path);
    *strrchr(parent, '/') = 0;
    return inode_of(parent);
}

/* Whether this call is the one to fail (1), to be cut short (2), or to be killed after (3). */
static int meets_fate(int kinds)
{
    if (fate == NO_FATE || !(kinds & fate_kinds)) return 0;
    long n = ++fate_counted;
    if (n < fate_at) return 0;
    switch (fate) {
    case FAIL_ONCE: if (n > fate_at) return 0; errno = fate_errno; return 1;
    case FAIL_ON: errno = fate_errno; return 1;
    case FAIL_SHORT: if (n == fate_at && (kinds & K_WRITE)) return 2; errno = fate_errno; return 1;
    case KILL_BEFORE: if (n == fate_at) kill(getpid(), SIGKILL); return 0;
    case KILL_AFTER: return n == fate_at ? 3 : 0;
    default: return 0;
    }
}
static void end(int met) { if (met == 3) kill(getpid(), SIGKILL); pthread_mutex_unlock(&one_at_a_time); }
#define BEGIN(kinds) \
    pthread_mutex_lock(&one_at_a_time); \
    int met = meets_fate(kinds); \
    if (met == 1) { end(met); return -1; }
#define END(result) do { int kept = errno; end(met); errno = kept; return result; } while (0)

/* Opening */
static int opened(int (*call)(int, const char *, int, mode_t), int at, const char *path, int flags, mode_t mode)
{
    char full[PATH_MAX];
    if (!resolve(at, path, full)) return call(at, path, flags, mode);
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & (O_CREAT | O_TRUNC));
    BEGIN(K_OPEN | (writes ? K_OPEN_TO_WRITE : 0));
    uint64_t before = inode_of(full);
    struct stat was;
    int empties = (flags & O_TRUNC) && before && !stat(full, &was) && was.st_size;
    int fd = call(at, path, flags, mode);
    if (fd >= 0 && !before && (flags & O_CREAT))
        note(CREATE, inode_of_parent(full), inode_of_fd(fd), 0, name_of(full), strlen(name_of(full)), NULL, 0);
    else if (fd >= 0 && empties) note(TRUNCATE, inode_of_fd(fd), 0, 0, NULL, 0, NULL, 0);
    END(fd);
}
static int call_openat(int at, const char *path, int flags, mode_t mode)
{
    REAL(openat);
    return real(at, path, flags, mode);
}
#define MODE(flags) mode_t mode = 0; \
    if ((flags) & (O_CREAT | O_TMPFILE)) { va_list list; va_start(list, flags); mode = va_arg(list, mode_t); va_end(list); }
int open(const char *path, int flags, ...) { MODE(flags); return opened(call_openat, AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE(flags); return opened(call_openat, AT_FDCWD, path, flags, mode); }
int openat(int at, const char *path, int flags, ...) { MODE(flags); return opened(call_openat, at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { MODE(flags); return opened(call_openat, at, path, flags, mode); }
int creat(const char *path, mode_t mode) { return opened(call_openat, AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }
int creat64(const char *path, mode_t mode) { return creat(path, mode); }
int __open_2(const char *path, int flags) { return opened(call_openat, AT_FDCWD, path, flags, 0); }
int __open64_2(const char *path, int flags) { return opened(call_openat, AT_FDCWD, path, flags, 0); }

/* Writing */
static void note_written(int fd, off_t at, const void *data, ssize_t n)
{
    if (n > 0) note(WRITE, inode_of_fd(fd), (uint64_t)at, 0, NULL, 0, data, (size_t)n);
}
ssize_t write(int fd, const void *data, size_t size)
{
    if (!fd_is_ours(fd)) return real_write(fd, data, size);
    BEGIN(K_WRITE);
    ssize_t n = real_write(fd, data, met == 2 && size > 1 ? size / 2 : size);
    if (n > 0) note_written(fd, lseek(fd, 0, SEEK_CUR) - n, data, n);
    END(n);
}
ssize_t pwrite64(int fd, const void *data, size_t size, off64_t at)
{
    REAL(pwrite64);
    if (!fd_is_ours(fd)) return real(fd, data, size, at);
    BEGIN(K_WRITE);
    ssize_t n = real(fd, data, met == 2 && size > 1 ? size / 2 : size, at);
    note_written(fd, at, data, n);
    END(n);
}
ssize_t pwrite(int fd, const void *data, size_t size, off_t at) { return pwrite64(fd, data, size, at); }

/* What the kernel was told to copy or gather is read back from the file. */
static void note_copied(int fd, off_t at, ssize_t n)
{
    char link[64];
    if (n <= 0) return;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    int copy = call_openat(AT_FDCWD, link, O_RDONLY | O_CLOEXEC, 0);
    char *data = malloc((size_t)n);
    if (copy < 0 || pread(copy, data, (size_t)n, at) != n) abort();
    close(copy);
    note_written(fd, at, data, n);
    free(data);
}
ssize_t writev(int fd, const struct iovec *parts, int count)
{
    REAL(writev);
    if (!fd_is_ours(fd)) return real(fd, parts, count);
    BEGIN(K_WRITE);
    ssize_t n = real(fd, parts, count);
    if (n > 0) note_copied(fd, lseek(fd, 0, SEEK_CUR) - n, n);
    END(n);
}
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at)
{
    REAL(pwritev64);
    if (!fd_is_ours(fd)) return real(fd, parts, count, at);
    BEGIN(K_WRITE);
    ssize_t n = real(fd, parts, count, at);
    note_copied(fd, at, n);
    END(n);
}
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) { return pwritev64(fd, parts, count, at); }
ssize_t sendfile64(int out, int in, off64_t *at, size_t size)
{
    static ssize_t (*real)(int, int, off64_t *, size_t);
    if (!real) real = (ssize_t (*)(int, int, off64_t *, size_t))dlsym(RTLD_NEXT, "sendfile64");
    if (!fd_is_ours(out)) return real(out, in, at, size);
    BEGIN(K_WRITE);
    ssize_t n = real(out, in, at, size);
    if (n > 0) note_copied(out, lseek(out, 0, SEEK_CUR) - n, n);
    END(n);
}
ssize_t sendfile(int out, int in, off_t *at, size_t size) { return sendfile64(out, in, at, size); }
ssize_t copy_file_range(int in, off64_t *in_at, int out, off64_t *out_at, size_t size, unsigned flags)
{
    REAL(copy_file_range);
    if (!fd_is_ours(out)) return real(in, in_at, out, out_at, size, flags);
    BEGIN(K_WRITE);
    ssize_t n = real(in, in_at, out, out_at, size, flags);
    if (n > 0) note_copied(out, (out_at ? *out_at : lseek(out, 0, SEEK_CUR)) - n, n);
    END(n);
}
int ftruncate64(int fd, off64_t size)
{
    REAL(ftruncate64);
    if (!fd_is_ours(fd)) return real(fd, size);
    BEGIN(K_TRUNCATE);
    int result = real(fd, size);
    if (!result) note(TRUNCATE, inode_of_fd(fd), (uint64_t)size, 0, NULL, 0, NULL, 0);
    END(result);
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
int truncate64(const char *path, off64_t size)
{
    REAL(truncate64);
    char full[PATH_MAX];
    if (!resolve(AT_FDCWD, path, full)) return real(path, size);
    BEGIN(K_TRUNCATE);
    int result = real(path, size);
    if (!result) note(TRUNCATE, inode_of(full), (uint64_t)size, 0, NULL, 0, NULL, 0);
    END(result);
}
int truncate(const char *path, off_t size) { return truncate64(path, size); }
int fallocate64(int fd, int mode, off64_t at, off64_t size)
{
    REAL(fallocate64);
    if (fd_is_ours(fd)) { errno = EOPNOTSUPP; return -1; }
    return real(fd, mode, at, size);
}
int fallocate(int fd, int mode, off_t at, off_t size) { return fallocate64(fd, mode, at, size); }
void *mmap64(void *place, size_t size, int protection, int flags, int fd, off64_t at)
{
    REAL(mmap64);
    if (fd >= 0 && (flags & MAP_SHARED) && (protection & PROT_WRITE) && fd_is_ours(fd))
        note(UNKNOWN, inode_of_fd(fd), 0, 0, "a shared map to write to", 24, NULL, 0);
    return real(place, size, protection, flags, fd, at);
}
void *mmap(void *place, size_t size, int protection, int flags, int fd, off_t at)
{
    return mmap64(place, size, protection, flags, fd, at);
}

/* Reading, only so that it can fail */
ssize_t read(int fd, void *data, size_t size)
{
    REAL(read);
    if (fate == NO_FATE || !(fate_kinds & K_READ) || !fd_is_ours(fd)) return real(fd, data, size);
    BEGIN(K_READ);
    ssize_t n = real(fd, data, size);
    END(n);
}
ssize_t pread64(int fd, void *data, size_t size, off64_t at)
{
    REAL(pread64);
    if (fate == NO_FATE || !(fate_kinds & K_READ) || !fd_is_ours(fd)) return real(fd, data, size, at);
    BEGIN(K_READ);
    ssize_t n = real(fd, data, size, at);
    END(n);
}
ssize_t pread(int fd, void *data, size_t size, off_t at) { return pread64(fd, data, size, at); }

/* Syncing */
static int synced(int (*call)(int), int fd)
{
    if (!fd_is_ours(fd)) return call(fd);
    BEGIN(K_SYNC);
    int result = call(fd);
    if (!result) note(SYNC, inode_of_fd(fd), 0, 0, NULL, 0, NULL, 0);
    END(result);
}
int fsync(int fd) { REAL(fsync); return synced(real, fd); }
int fdatasync(int fd) { REAL(fdatasync); return synced(real, fd); }

/* Names */
static int renamed(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    char old[PATH_MAX], new[PATH_MAX];
    REAL(renameat2);
    int ours = resolve(from_at, from, old);
    ours = resolve(to_at, to, new) || ours;
    if (!ours) return real(from_at, from, to_at, to, flags);
    BEGIN(K_RENAME);
    uint64_t inode = inode_of(old);
    int result = real(from_at, from, to_at, to, flags);
    if (!result && flags & ~(unsigned)RENAME_NOREPLACE) note(UNKNOWN, inode, 0, 0, "an exchange of names", 20, NULL, 0);
    if (!result) note(RENAME, inode_of_parent(old), inode_of_parent(new), inode, name_of(old), strlen(name_of(old)),
                      name_of(new), strlen(name_of(new)));
    END(result);
}
int rename(const char *from, const char *to) { return renamed(AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int a, const char *from, int b, const char *to) { return renamed(a, from, b, to, 0); }
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) { return renamed(a, from, b, to, flags); }
int linkat(int from_at, const char *from, int to_at, const char *to, int flags)
{
    char new[PATH_MAX];
    REAL(linkat);
    if (!resolve(to_at, to, new)) return real(from_at, from, to_at, to, flags);
    BEGIN(K_RENAME);
    int result = real(from_at, from, to_at, to, flags);
    if (!result) note(LINK, inode_of_parent(new), inode_of(new), 0, name_of(new), strlen(name_of(new)), NULL, 0);
    END(result);
}
int link(const char *from, const char *to) { return linkat(AT_FDCWD, from, AT_FDCWD, to, 0); }
int unlinkat(int at, const char *path, int flags)
{
    char full[PATH_MAX];
    REAL(unlinkat);
    if (!resolve(at, path, full)) return real(at, path, flags);
    BEGIN(K_UNLINK);
    uint64_t inode = inode_of(full);
    int result = real(at, path, flags);
    if (!result) note(flags & AT_REMOVEDIR ? RMDIR : UNLINK, inode_of_parent(full), inode, 0, name_of(full),
                      strlen(name_of(full)), NULL, 0);
    END(result);
}
int unlink(const char *path) { return unlinkat(AT_FDCWD, path, 0); }
int rmdir(const char *path) { return unlinkat(AT_FDCWD, path, AT_REMOVEDIR); }
int mkdirat(int at, const char *path, mode_t mode)
{
    char full[PATH_MAX];
    REAL(mkdirat);
    if (!resolve(at, path, full)) return real(at, path, mode);
    BEGIN(K_MKDIR);
    int result = real(at, path, mode);
    if (!result) note(MKDIR, inode_of_parent(full), inode_of(full), 0, name_of(full), strlen(name_of(full)), NULL, 0);
    END(result);
}
int mkdir(const char *path, mode_t mode) { return mkdirat(AT_FDCWD, path, mode); }

/* Control */
void disk_watch(const char *folder)
{
    snprintf(root, sizeof root, "%s", folder);
    root_length = strlen(root);
}
int disk_record(const char *log)
{
    log_fd = call_openat(AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return log_fd;
}
void disk_mark(const char *text)
{
    pthread_mutex_lock(&one_at_a_time);
    note(MARK, 0, 0, 0, text, strlen(text), NULL, 0);
    pthread_mutex_unlock(&one_at_a_time);
}
void disk_fate(int what, int kinds, long at, int error)
{
    pthread_mutex_lock(&one_at_a_time);
    fate = (enum fate)what; fate_kinds = kinds; fate_at = at; fate_errno = error; fate_counted = 0;
    pthread_mutex_unlock(&one_at_a_time);
}
long disk_counted(void) { return fate_counted; }
