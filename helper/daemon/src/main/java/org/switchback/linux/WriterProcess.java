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
 * A child process that reads and writes kernel files for this one. A thread of this JVM that is stuck in the kernel
 * would survive even SIGKILL, and with it the name on the bus; a stuck child is simply abandoned.
 *
 * <p>One bash serves many requests, since starting a process takes longer than most writes; only loading and unloading
 * modules runs other programs. It inherits no file descriptors but its two pipes, and ends when this process does.
 * Requests are data: they are sent through the pipe as records of fixed length and never parsed as commands, and the
 * caller validates paths and values.
 *
 * <p>Not thread-safe.
 */
final class WriterProcess implements AutoCloseable {
    /** Length of a request. Bash reads a record of known length at once, but a line byte by byte. */
    private static final int RECORD_BYTES = 512;

    /** Precedes the exit status that ends a reply; does not occur in kernel files. */
    private static final char END_OF_REPLY = '\u0004';

    /** printf is a builtin: it writes its output with one write(2), and prints the message of the kernel's error. */
    private static final String SCRIPT = """
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
            while IFS= read -r -N RECORD request; do
              command=${request%%$'\n'*} request=${request#*$'\n'}
              path=${request%%$'\n'*} request=${request#*$'\n'}
              value=${request%%$'\n'*}
              case $command in
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
            """.replace("RECORD", Integer.toString(RECORD_BYTES));

    /**
     * Reply to a request.
     *
     * @param succeeded whether the request succeeded
     * @param text the content of the file, or the error message of bash, modprobe or systemd
     */
    record WriterReply(boolean succeeded, String text) {
        /** Name of the errno; {@code ?} when the text does not contain a known message. */
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

    /** @throws IOException when bash does not start */
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
     * Sends a request without waiting for its reply; replies arrive in the order of the requests. A child that has
     * ended replies once with a failure.
     *
     * @throws IllegalArgumentException when path and value are too long
     */
    void send(WriterCommand command, String path, String value) {
        byte[] record = new byte[RECORD_BYTES];
        Arrays.fill(record, (byte) '\n');
        byte[] request =
                String.join("\n", List.of(command.keyword, path, value)).getBytes(StandardCharsets.UTF_8);
        if (request.length >= RECORD_BYTES) {
            throw new IllegalArgumentException("request too long: " + request.length + " bytes");
        }
        System.arraycopy(request, 0, record, 0, request.length);
        try {
            input.write(record);
            input.flush();
        } catch (IOException ignored) {
            // The child has ended; the reader thread adds a failure to the replies.
        }
    }

    /** Commands of a request. */
    enum WriterCommand {
        /** Writes the value and a line feed with one write(2). */
        WRITE("write"),
        /** Reads the whole file; the value is ignored. */
        READ("read"),
        /**
         * Loads the module or modalias that the value names, by starting the systemd unit that the path names: only the
         * unit has CAP_SYS_MODULE. Without systemd, or without that unit, the child loads the module itself.
         */
        LOAD("load"),
        /** Unloads the module that the value names. The path names the unit that loaded it. */
        UNLOAD("unload");

        private final String keyword;

        WriterCommand(String keyword) {
            this.keyword = keyword;
        }
    }

    /** Waits for the next reply; empty on timeout. An interrupt does not end the wait. */
    Optional<WriterReply> awaitReply(Duration timeout) {
        long deadline = System.nanoTime() + timeout.toNanos();
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    return Optional.ofNullable(replies.poll(deadline - System.nanoTime(), TimeUnit.NANOSECONDS));
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /** Whether the child has ended. An oops, for instance, kills it. */
    boolean isTerminated() {
        return terminated;
    }

    private void readReplies() {
        try (BufferedReader reader = new BufferedReader(
                new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8), RECORD_BYTES)) {
            StringBuilder text = new StringBuilder();
            for (String line = reader.readLine(); line != null; line = reader.readLine()) {
                int end = line.indexOf(END_OF_REPLY);
                if (end < 0) {
                    text.append(line).append('\n');
                } else {
                    text.append(line, 0, end);
                    replies.add(new WriterReply(
                            line.substring(end + 1).equals("0"), text.toString().stripTrailing()));
                    text.setLength(0);
                }
            }
        } catch (IOException ignored) {
            // Same as the end of the stream: the child has ended.
        }
        terminated = true;
        replies.add(new WriterReply(false, ""));
    }

    /**
     * Kills the child without waiting. A child that is stuck in the kernel ends as soon as the kernel returns, and
     * starts no further request.
     */
    @Override
    public void close() {
        terminated = true;
        process.destroyForcibly();
    }
}
