/* Starts a Cortex-M4 under QEMU (machine mps2-an386), runs the self-test and ends QEMU with its result, or with 100
 * where more of the stack was used than STATED_STACK bytes. */
#include <stdint.h>

enum { PAINT = 0x5A5A5A5A, LIBM = 256 };
extern uint32_t stack_bottom[], stack_top[];

int device_self_test(void);
void reset(void);

static void end(uint32_t code) {
    const uint32_t block[] = {0x20026, code};  /* ADP_Stopped_ApplicationExit */
    register uint32_t operation __asm__("r0") = 0x20;  /* SYS_EXIT_EXTENDED */
    register const uint32_t *argument __asm__("r1") = block;
    __asm__ volatile("bkpt 0xAB" : : "r"(operation), "r"(argument) : "memory");
    for (;;) {
    }
}

static void fault(void) {
    end(101);
}

void reset(void) {
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;  /* CPACR: the floating-point unit */
    __asm__ volatile("dsb\nisb");
    uint32_t *here;
    __asm__ volatile("mov %0, sp" : "=r"(here));
    for (uint32_t *word = stack_bottom; word < here - 8; word++)
        *word = PAINT;
    const int result = device_self_test();
    uint32_t *deepest = stack_bottom;
    while (*deepest == PAINT)
        deepest++;
    const uint32_t used = (uint32_t)(here - deepest) * 4u;
    end(result ? (uint32_t)result : used > STATED_STACK + LIBM ? 100u : 0u);
}

__attribute__((section(".vectors"), used)) static void (*const vectors[])(void) = {
    (void (*)(void))stack_top, reset, fault, fault, fault, fault, fault,
};
