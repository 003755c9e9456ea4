#if defined(__linux__)
#define _GNU_SOURCE
#endif
#include "instance.h"

#if defined(__linux__)
#include <pthread.h>

uintptr_t thread_stack_end(void)
{
    pthread_attr_t attributes;
    void *lowest = NULL;
    size_t bytes = 0;

    if (pthread_getattr_np(pthread_self(), &attributes) != 0)
        return 0;
    if (pthread_attr_getstack(&attributes, &lowest, &bytes) != 0)
        lowest = NULL;
    pthread_attr_destroy(&attributes);
    return (uintptr_t)lowest;
}

#elif defined(__APPLE__)
#include <pthread.h>

uintptr_t thread_stack_end(void)
{
    pthread_t self = pthread_self();

    /* macOS gives the highest address. */
    return (uintptr_t)pthread_get_stackaddr_np(self) - pthread_get_stacksize_np(self);
}

#else

uintptr_t thread_stack_end(void)
{
    return 0;
}

#endif
