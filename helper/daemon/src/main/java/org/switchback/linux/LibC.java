package org.switchback.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import java.util.List;

/** Functions of the C library that Java lacks, called through JNA. */
interface LibC extends Library {
    /**
     * The full name, which the loader finds. For a shorter one JNA runs ldconfig at each start, to get a list of the
     * libraries.
     */
    String LIBRARY_NAME = "libc.so.6";

    int open(String path, int flags) throws LastErrorException;

    int close(int file) throws LastErrorException;

    int ioctl(int file, NativeLong request, Object... argument) throws LastErrorException;

    Pointer mmap(Pointer where, NativeLong length, int protection, int flags, int file, NativeLong offset)
            throws LastErrorException;

    int munmap(Pointer where, NativeLong length) throws LastErrorException;

    NativeLong lseek(int file, NativeLong offset, int whence) throws LastErrorException;

    NativeLong read(int file, Pointer buffer, NativeLong count) throws LastErrorException;

    NativeLong write(int file, Pointer buffer, NativeLong count) throws LastErrorException;

    NativeLong pread(int file, Pointer buffer, NativeLong count, NativeLong offset) throws LastErrorException;

    NativeLong pwrite(int file, Pointer buffer, NativeLong count, NativeLong offset) throws LastErrorException;

    int socket(int domain, int type, int protocol) throws LastErrorException;

    int bind(int socket, Pointer address, int length) throws LastErrorException;

    NativeLong recv(int socket, Pointer buffer, NativeLong length, int flags) throws LastErrorException;

    int eventfd(int value, int flags) throws LastErrorException;

    int poll(Pointer files, NativeLong count, int timeoutMillis) throws LastErrorException;

    NativeLong syscall(NativeLong number, Object... arguments) throws LastErrorException;

    /** @throws UnsatisfiedLinkError when JNA finds no C library */
    static LibC open() {
        return Native.load(LIBRARY_NAME, LibC.class);
    }

    /**
     * Opens the library and looks up all functions that a {@link VfioClient} calls. Looking them up takes JNA longer
     * than most steps of a switch.
     *
     * @throws UnsatisfiedLinkError when JNA finds no C library
     */
    static LibC openAndPreload() {
        int noFile = -1;
        NativeLong zero = new NativeLong(0);
        LibC libc = open();
        List<Runnable> failingCalls = List.of(
                () -> libc.open("", 0),
                () -> libc.ioctl(noFile, zero),
                () -> libc.mmap(Pointer.NULL, zero, 0, 0, noFile, zero),
                () -> libc.munmap(Pointer.NULL, zero),
                () -> libc.lseek(noFile, zero, 0),
                () -> libc.read(noFile, Pointer.NULL, zero),
                () -> libc.pread(noFile, Pointer.NULL, zero, zero),
                () -> libc.pwrite(noFile, Pointer.NULL, zero, zero),
                () -> libc.close(noFile));
        for (Runnable call : failingCalls) {
            try {
                call.run();
            } catch (LastErrorException ignored) {
                // JNA looks up a function on its first call; the call itself always fails.
            }
        }
        return libc;
    }
}
