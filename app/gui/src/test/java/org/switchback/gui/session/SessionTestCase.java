package org.switchback.gui.session;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.switchback.client.BusAddress;
import org.switchback.service.PrivateBus;

/** A test with a private session bus. */
public abstract class SessionTestCase {
    /** Closed after the test, in reverse order. */
    protected final List<AutoCloseable> closeables = new ArrayList<>();

    protected PrivateBus bus;

    @BeforeEach
    void openBus() throws Exception {
        bus = PrivateBus.open();
        closeables.add(bus);
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable closeable : closeables.reversed()) {
            closeable.close();
        }
    }

    protected Optional<BusAddress> address() {
        return Optional.of(new BusAddress(bus.address()));
    }

    /** Opens a tray, which is closed after the test at the latest. */
    protected FakeStatusNotifierWatcher openTray() throws Exception {
        FakeStatusNotifierWatcher tray = new FakeStatusNotifierWatcher(bus.connect());
        closeables.add(tray);
        return tray;
    }
}
