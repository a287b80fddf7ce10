package org.switchback.gui.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.switchback.client.BusAddress;
import org.switchback.service.PrivateBus;

/** A test in a session with a bus of its own. */
public abstract class SessionTestCase {
    /** What is closed when the test ends, the last first. */
    protected final List<AutoCloseable> closeables = new ArrayList<>();

    protected PrivateBus bus;

    @BeforeEach
    void openBus() throws Exception {
        bus = PrivateBus.open();
        closeables.add(bus);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable one : closeables.reversed()) {
            one.close();
        }
    }

    protected Optional<BusAddress> address() {
        return Optional.of(new BusAddress(bus.address()));
    }

    /** A tray that is there until the test ends, unless it is closed before. */
    protected FakeStatusNotifierWatcher openTray() throws Exception {
        FakeStatusNotifierWatcher tray = new FakeStatusNotifierWatcher(bus.connect());
        closeables.add(tray);
        return tray;
    }
}
