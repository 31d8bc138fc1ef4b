// GLib's locks are futexes that the thread sanitizer does not see, nor does it see the dynamic
// linker's, under which iconv loads charsets. So it takes every block of memory that these hand
// from one thread to another for a race. Only what happens inside them is left out of its reports.
// So is the end of an exception that several threads hold: libstdc++ counts them out of its sight.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define IMAPFS_THREAD_SANITIZER
#endif
#endif
#ifdef __SANITIZE_THREAD__
#define IMAPFS_THREAD_SANITIZER
#endif

#ifdef IMAPFS_THREAD_SANITIZER
extern "C" const char* __tsan_default_suppressions();
extern "C" const char* __tsan_default_suppressions() {
  return "race:libglib-2.0.so.0\n"
         "race:libgmime-3.0.so.0\n"
         "race:ld-linux\n"
         "race:std::__exception_ptr::exception_ptr::_M_release\n"
         "race:fs::errno_of\n";
}
#endif
