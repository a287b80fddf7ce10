package org.switchback.bus;

import org.freedesktop.dbus.connections.BusAddress;
import org.freedesktop.dbus.connections.config.TransportConfig;
import org.freedesktop.dbus.connections.transports.AbstractTransport;
import org.freedesktop.dbus.spi.transport.ITransportProvider;

/** Creates a {@link BusTransport} for addresses of its type. dbus-java finds this class through the service loader. */
public final class BusTransportProvider implements ITransportProvider {
    private static final String TYPE = "switchback";

    /** Address of the same socket for this transport: {@code switchback:path=…} instead of {@code unix:path=…}. */
    public static String addressOf(String unixAddress) {
        return unixAddress.replaceFirst("^unix:", TYPE + ":");
    }

    @Override
    public String getTransportName() {
        return "Switchback helper";
    }

    @Override
    public String getSupportedBusType() {
        return TYPE;
    }

    @Override
    public AbstractTransport createTransport(BusAddress address, TransportConfig config) {
        return new BusTransport(address, config);
    }

    @Override
    public String createDynamicSessionAddress(boolean listening) {
        throw new UnsupportedOperationException("the helper does not run a bus");
    }
}
