package org.switchback.linux;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * A child process that reads and writes kernel files for this one. A thread of this JVM that the kernel does not let go
 * would outlive even SIGKILL, and keep the name on the bus; a child that hangs is simply left behind.
 *
 * <p>One bash serves many orders, since starting a process takes longer than most writes; only what loads modules is a
 * program of its own. It inherits no file descriptor but its two pipes, and ends when this process does. Orders are data:
 * they come over the pipe in records of fixed length, are never parsed as commands, and a path or value is checked before.
 *
 * <p>Not safe for several threads.
 */
final class WriterProcess implements AutoCloseable {
    /** Bytes of an order; bash reads a record of known length in one go, and a line only byte by byte. */
    private static final int RECORD_BYTES = 512;

    /** Begins the line that ends an answer; no kernel file has it in its text. */
    private static final char END_OF_REPLY = '\u0004';

    /** printf is a builtin: one write(2) for what it prints, and the kernel's error in words. */
    private static final String SCRIPT =
            """
            exec 2>&1
            installed() {
              [[ -d /run/systemd/system ]] || return
              local folder
              for folder in /etc /run /usr/local/lib /usr/lib /lib; do
                [[ ! -e $folder/systemd/system/${1/@*.service/@.service} ]] || return 0
              done
              false
            }
            start() {
              systemctl --quiet restart "$1" </dev/null && return
              journalctl -q -o cat "_SYSTEMD_INVOCATION_ID=$(systemctl show -P InvocationID "$1")" </dev/null
              false
            }
            while IFS= read -r -N RECORD order; do
              what=${order%%$'\n'*} order=${order#*$'\n'}
              path=${order%%$'\n'*} order=${order#*$'\n'}
              value=${order%%$'\n'*}
              case $what in
                write)
                  if [[ -e $path ]]; then
                    printf '%s\n' "$value" >"$path"
                  else
                    echo ': No such file or directory'
                    false
                  fi ;;
                read)
                  value=
                  if { IFS= read -r -d '' value || true; } <"$path"; then printf '%s' "$value"; else false; fi ;;
                load) if installed "$path"; then start "$path"; else modprobe -- "$value" </dev/null; fi ;;
                unload)
                  if installed "$path"; then systemctl --quiet stop "$path" </dev/null; fi
                  [[ ! -e /sys/module/$value ]] || modprobe -r -- "$value" </dev/null ;;
              esac
              printf '\004%d\n' $?
            done
            """
                    .replace("RECORD", Integer.toString(RECORD_BYTES));

    /**
     * What an order came to.
     *
     * @param succeeded whether the kernel took it
     * @param text      what was read, or why it failed, in the words of bash or modprobe
     */
    record WriterReply(boolean succeeded, String text) {
        /** The kernel's name for why it failed; {@code ?} when the text does not tell. */
        String errno() {
            if (text.contains(" not found in directory ")) {
                return "ENOENT";
            }
            return Errno.nameOf(text.substring(text.lastIndexOf(": ") + 1).strip());
        }
    }

    private final Process process;
    private final OutputStream input;
    private final BlockingQueue<WriterReply> replies = new LinkedBlockingQueue<>();
    private volatile boolean terminated;

    private WriterProcess(Process process) {
        this.process = process;
        this.input = process.getOutputStream();
        Thread.ofPlatform().daemon().name("shell-" + process.pid()).start(this::readReplies);
    }

    /** @throws IOException when there is no bash */
    static WriterProcess start() throws IOException {
        ProcessBuilder builder =
                new ProcessBuilder("/bin/bash", "--norc", "--noprofile", "-c", SCRIPT, "switchback-shell");
        builder.environment().clear();
        builder.environment().putAll(Map.of("LC_ALL", "C", "PATH", "/usr/sbin:/usr/bin:/sbin:/bin"));
        builder.directory(Path.of("/").toFile());
        return new WriterProcess(builder.start());
    }

    long pid() {
        return process.pid();
    }

    /**
     * Sends an order without waiting for its answer; the answers come in the order of the orders. A child that is gone
     * answers once that it failed.
     */
    void send(WriterCommand verb, String path, String value) {
        byte[] record = new byte[RECORD_BYTES];
        Arrays.fill(record, (byte) '\n');
        byte[] order = String.join("\n", List.of(verb.keyword, path, value)).getBytes(StandardCharsets.UTF_8);
        if (order.length >= RECORD_BYTES) {
            throw new IllegalArgumentException("an order of " + order.length + " bytes");
        }
        System.arraycopy(order, 0, record, 0, order.length);
        try {
            input.write(record);
            input.flush();
        } catch (IOException ended) {
            // The listener says so.
        }
    }

    /** What a child can be told to do. */
    enum WriterCommand {
        /** One write(2) of the value and a line feed. */
        WRITE("write"),
        /** The whole file; the value is ignored. */
        READ("read"),
        /**
         * Loads the module, or those for the device, that the value names. The path is the unit that does so: it alone has
         * CAP_SYS_MODULE. Without systemd, or where it is not installed, the child loads it itself.
         */
        LOAD("load"),
        /** Unloads the module that the value names; the path is the unit that loaded it. */
        UNLOAD("unload");

        private final String keyword;

        WriterCommand(String keyword) {
            this.keyword = keyword;
        }
    }

    /** The next answer; empty when none came in time. */
    Optional<WriterReply> awaitReply(Duration patience) {
        long deadline = System.nanoTime() + patience.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return Optional.ofNullable(replies.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS));
                } catch (InterruptedException later) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Whether the child has ended: by itself when the kernel killed it, which an oops does. */
    boolean isTerminated() {
        return terminated;
    }

    private void readReplies() {
        try (BufferedReader reader =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8), RECORD_BYTES)) {
            StringBuilder text = new StringBuilder();
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                int end = line.indexOf(END_OF_REPLY);
                if (end < 0) {
                    text.append(line).append('\n');
                } else {
                    text.append(line, 0, end);
                    replies.add(new WriterReply(line.substring(end + 1).equals("0"), text.toString().stripTrailing()));
                    text.setLength(0);
                }
            }
        } catch (IOException ended) {
            // The same as its end.
        }
        terminated = true;
        replies.add(new WriterReply(false, ""));
    }

    /**
     * Ends the child and waits for nothing. One that the kernel does not let go dies when it does, so that it does not go
     * on to anything else.
     */
    @Override
    public void close() {
        terminated = true;
        process.destroyForcibly();
    }
}
