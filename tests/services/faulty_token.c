/* A PKCS#11 library for tests: every call goes on to FAULTY_LIBRARY, but for what the orders say of it.

   The file FAULTY_ORDERS holds one line: FUNCTION WHAT NUMBER SKIP, with a function of CALLS below. What
   befalls it: `return` NUMBER without calling, `delay` by NUMBER milliseconds, `abort`, `crash`, or `hang`
   for as long as the line stands. So many calls as SKIP says are spared before. Each call of these functions
   is noted by its name in FAULTY_CALLS before anything befalls it. */

#include <dlfcn.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef unsigned long rv;
typedef rv (*call)();
struct functions {
    unsigned char version[2];
    call calls[68];
};
struct order {
    char function[32], what[32];
    unsigned long number, skip;
};
enum { OPEN_SESSION = 12, LOGIN = 18, SIGN = 43 };

static struct functions real, faulty;

static int read_order(struct order *order) {
    FILE *file = fopen(getenv("FAULTY_ORDERS"), "r");
    int found = 0;
    if (file) {
        found = fscanf(file, "%31s %31s %lu %lu", order->function, order->what, &order->number, &order->skip) == 4;
        fclose(file);
    }
    return found;
}

static void note(const char *function) {
    FILE *file = fopen(getenv("FAULTY_CALLS"), "a");
    if (file) {
        fprintf(file, "%s\n", function);
        fclose(file);
    }
}

static int spared(const struct order *order) {
    if (order->skip == 0)
        return 0;
    FILE *file = fopen(getenv("FAULTY_ORDERS"), "w");
    fprintf(file, "%s %s %lu %lu\n", order->function, order->what, order->number, order->skip - 1);
    fclose(file);
    return 1;
}

/* Returns what the function is to return at once, or 0 where it is to be called. */
static rv befalls(const char *function) {
    struct order order;
    note(function);
    if (!read_order(&order) || strcmp(order.function, function) || spared(&order))
        return 0;
    if (!strcmp(order.what, "return"))
        return order.number;
    if (!strcmp(order.what, "delay"))
        usleep(order.number * 1000);
    if (!strcmp(order.what, "abort"))
        abort();
    if (!strcmp(order.what, "crash"))
        raise(SIGSEGV);
    if (!strcmp(order.what, "hang"))
        while (read_order(&order) && !strcmp(order.what, "hang"))
            usleep(2000);
    return 0;
}

static rv open_session(unsigned long slot, unsigned long flags, void *application, void *notify, void *session) {
    rv fault = befalls("C_OpenSession");
    return fault ? fault : real.calls[OPEN_SESSION](slot, flags, application, notify, session);
}

static rv login(unsigned long session, unsigned long user, void *pin, unsigned long size) {
    rv fault = befalls("C_Login");
    return fault ? fault : real.calls[LOGIN](session, user, pin, size);
}

static rv sign(unsigned long session, void *data, unsigned long size, void *signature, void *signature_size) {
    rv fault = signature ? befalls("C_Sign") : 0;
    return fault ? fault : real.calls[SIGN](session, data, size, signature, signature_size);
}

rv C_GetFunctionList(struct functions **given) {
    struct functions *found;
    void *library = dlopen(getenv("FAULTY_LIBRARY"), RTLD_NOW);
    call get = library ? (call)dlsym(library, "C_GetFunctionList") : NULL;
    rv fault = get ? get(&found) : 5;
    if (fault)
        return fault;
    real = faulty = *found;
    faulty.calls[OPEN_SESSION] = (call)open_session;
    faulty.calls[LOGIN] = (call)login;
    faulty.calls[SIGN] = (call)sign;
    *given = &faulty;
    return 0;
}
