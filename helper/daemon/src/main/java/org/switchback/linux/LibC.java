package org.switchback.linux;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;
import java.util.List;

/** What the C library has that Java has not, as JNA calls it. */
interface LibC extends Library {
    /** By its whole name, which the loader finds: for less of it JNA needs a list that it has ldconfig print at each start. */
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

    /** @throws UnsatisfiedLinkError where JNA finds none */
    static LibC open() {
        return Native.load(LIBRARY_NAME, LibC.class);
    }

    /**
     * Opens it and looks up what a {@link VfioClient} calls, which takes JNA longer than most steps of a switch last.
     *
     * @throws UnsatisfiedLinkError where JNA finds none
     */
    static LibC openAndPreload() {
        int none = -1;
        NativeLong zero = new NativeLong(0);
        LibC libc = open();
        List<Runnable> withoutFile = List.of(
                () -> libc.open("", 0),
                () -> libc.ioctl(none, zero),
                () -> libc.mmap(Pointer.NULL, zero, 0, 0, none, zero),
                () -> libc.munmap(Pointer.NULL, zero),
                () -> libc.lseek(none, zero, 0),
                () -> libc.read(none, Pointer.NULL, zero),
                () -> libc.pread(none, Pointer.NULL, zero, zero),
                () -> libc.pwrite(none, Pointer.NULL, zero, zero),
                () -> libc.close(none));
        for (Runnable call : withoutFile) {
            try {
                call.run();
            } catch (LastErrorException asExpected) {
                // Each is found when it is called first.
            }
        }
        return libc;
    }
}
