// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * For the tests of switchback_bootfb: a foreign driver for a PCI or platform
 * device, a driver whose probe function takes long, and framebuffer devices
 * that sysfb has not registered.
 *
 * The drivers match a device only through driver_override.
 */

#include <linux/delay.h>
#include <linux/ioport.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/pci.h>
#include <linux/platform_device.h>

#define NAME "switchback-stub"

static bool slow;
module_param(slow, bool, 0600);
MODULE_PARM_DESC(slow, "the probe function does not return while this is set");

static int probe(void)
{
	while (READ_ONCE(slow))
		msleep(20);
	return 0;
}

static int pci_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	return probe();
}

static struct pci_driver pci_driver = { .name = NAME, .probe = pci_probe };

static int platform_probe(struct platform_device *pdev)
{
	return probe();
}

static struct platform_driver platform_driver = {
	.driver = { .name = NAME },
	.probe = platform_probe,
};

static struct platform_device *framebuffer;
static char region[16];

static int framebuffer_set(const char *text, const struct kernel_param *kp)
{
	struct resource resources[2] = {
		{ .name = region, .flags = IORESOURCE_MEM },
		{ .name = "other", .flags = IORESOURCE_IRQ },
	};
	unsigned long long start, end;
	unsigned int count;

	platform_device_unregister(framebuffer);
	framebuffer = NULL;
	if (sscanf(text, "%15s %llx-%llx %u", region, &start, &end, &count) != 4)
		return 0;
	if (count < 1 || count > ARRAY_SIZE(resources))
		return -EINVAL;
	resources[0].start = start;
	resources[0].end = end;
	framebuffer = platform_device_register_resndata(NULL, "simple-framebuffer",
							0, resources, count,
							NULL, 0);
	if (IS_ERR(framebuffer)) {
		int ret = PTR_ERR(framebuffer);

		framebuffer = NULL;
		return ret;
	}
	return 0;
}

static const struct kernel_param_ops framebuffer_ops = {
	.set = framebuffer_set,
};
module_param_cb(framebuffer, &framebuffer_ops, NULL, 0200);
MODULE_PARM_DESC(framebuffer,
		 "\"NAME START-END COUNT\": registers simple-framebuffer.0 with that region, COUNT resources in all; anything else unregisters it");

static int __init stub_init(void)
{
	int ret = pci_register_driver(&pci_driver);

	if (ret)
		return ret;
	ret = platform_driver_register(&platform_driver);
	if (ret)
		pci_unregister_driver(&pci_driver);
	return ret;
}
module_init(stub_init);

static void __exit stub_exit(void)
{
	platform_device_unregister(framebuffer);
	platform_driver_unregister(&platform_driver);
	pci_unregister_driver(&pci_driver);
}
module_exit(stub_exit);

MODULE_AUTHOR("The Switchback developers");
MODULE_DESCRIPTION("Foreign drivers and framebuffers for the tests of switchback_bootfb");
MODULE_LICENSE("GPL");
