#pragma once
// Async<T>: C++20 coroutines over kj::Promise, for capnproto 0.9.2.
//
//   maitred::Async<int> total(kj::Timer& timer) {
//     co_await timer.afterDelay(5 * kj::MILLISECONDS);
//     co_return 42;
//   }
//   kj::Promise<int> p = total(timer);      // converts; dropping p destroys the frame
//
// A coroutine starts at once and runs to its first await that is not ready. Anything that converts
// to a kj::Promise can be awaited: promises, capnp::RemotePromise, other Asyncs. Cancellation is by
// dropping.
//
// Rules: take parameters by value or own them, since a reference must outlive the promise; hold no
// borrowed view across an await; a lambda coroutine with captures needs something that keeps the
// lambda alive. GCC 12 destroys a lambda twice that is a temporary of the awaited expression: with
// captures that own something, give the promise a name first (`auto written = store.write([x =
// kj::mv(x)] …); co_await written;`).
//
// Why not kj::Promise itself as the return type: GCC 12 crashes on a coroutine whose return type
// has a destructor that may throw. From capnproto 1.0 on this header becomes an alias of the native
// support.

#include <kj/async.h>
#include <kj/debug.h>

#include <coroutine>
#include <utility>

namespace maitred {

template <typename T>
class Async;

namespace detail {

// Frees the coroutine frame in which the node lives.
class CoroutineNodeBase : public kj::_::PromiseNode, public kj::_::Event {
 public:
  explicit CoroutineNodeBase(std::coroutine_handle<> handle) : handle(handle) {}
  KJ_DISALLOW_COPY(CoroutineNodeBase);

  std::suspend_never initial_suspend() noexcept { return {}; }

  // The frame stays until the node is dropped by its consumer.
  auto final_suspend() noexcept {
    struct Final {
      CoroutineNodeBase& node;
      bool await_ready() noexcept { return false; }
      void await_suspend(std::coroutine_handle<>) noexcept { node.ready.arm(); }
      void await_resume() noexcept {}
    };
    return Final{*this};
  }

  void onReady(kj::_::Event* event) noexcept override { ready.init(event); }
  void tracePromise(kj::_::TraceBuilder& builder, bool stopAtNextEvent) override {
    if (!stopAtNextEvent && awaited != nullptr) (*awaited)->tracePromise(builder, false);
  }
  void traceEvent(kj::_::TraceBuilder& builder) override { ready.traceEvent(builder); }

  kj::Maybe<kj::Own<kj::_::Event>> fire() override {
    (*awaited)->get(*slot);
    awaited = nullptr;
    handle.resume();
    return nullptr;
  }

  // Arms this event for when `node` is ready; its outcome goes to `result`, then the coroutine
  // resumes. Kept is where the node is owned, not the node: a chain of promises replaces itself
  // when it shortens.
  void await(kj::Own<kj::_::PromiseNode>& node, kj::_::ExceptionOrValue& result) {
    awaited = &node;
    slot = &result;
    node->onReady(this);
  }
  // The awaiter died before its promise was ready: the frame is being destroyed.
  void forget() noexcept { awaited = nullptr; }

  void destroyFrame() noexcept { handle.destroy(); }

 protected:
  kj::_::PromiseNode::OnReadyEvent ready;

 private:
  std::coroutine_handle<> handle;
  kj::Own<kj::_::PromiseNode>* awaited = nullptr;
  kj::_::ExceptionOrValue* slot = nullptr;
};

class FrameDisposer final : public kj::Disposer {
 public:
  static const FrameDisposer instance;

 protected:
  void disposeImpl(void* pointer) const override {
    static_cast<CoroutineNodeBase*>(static_cast<kj::_::PromiseNode*>(pointer))->destroyFrame();
  }
};
inline const FrameDisposer FrameDisposer::instance{};

template <typename T>
class Awaiter {
 public:
  Awaiter(CoroutineNodeBase& coroutine, kj::Promise<T>&& promise)
      : coroutine(coroutine), node(kj::_::PromiseNode::from(kj::mv(promise))) {
    node->setSelfPointer(&node);
  }
  Awaiter(Awaiter&&) = delete;
  ~Awaiter() noexcept {
    coroutine.forget();
    node = nullptr;
  }

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) { coroutine.await(node, result); }
  T await_resume() {
    node = nullptr;
    return kj::_::convertToReturn(kj::mv(result));
  }

 private:
  CoroutineNodeBase& coroutine;
  kj::Own<kj::_::PromiseNode> node;
  kj::_::ExceptionOr<kj::_::FixVoid<T>> result;
};

template <typename T>
kj::Promise<T> promiseOf(kj::Promise<T>& p) {
  return kj::mv(p);
}
template <typename T>
kj::Promise<T> promiseOf(Async<T>& a) {
  return a.promise();
}
// capnp::RemotePromise<R> is a Promise and a Pipeline; the upcast picks the former.

template <typename T>
class CoroutineNode;

// co_return value and co_return differ in the member that a promise type must have; a type has one
// of them.
template <typename T>
class CoroutineResult : public CoroutineNodeBase {
 public:
  using CoroutineNodeBase::CoroutineNodeBase;
  template <typename U>
  void return_value(U&& value) {
    result = kj::_::ExceptionOr<T>(T(kj::fwd<U>(value)));
  }

 protected:
  kj::_::ExceptionOr<T> result;
};
template <>
class CoroutineResult<void> : public CoroutineNodeBase {
 public:
  using CoroutineNodeBase::CoroutineNodeBase;
  void return_void() { result = kj::_::ExceptionOr<kj::_::Void>(kj::_::Void()); }

 protected:
  kj::_::ExceptionOr<kj::_::Void> result;
};

template <typename T>
class CoroutineNode final : public CoroutineResult<T> {
 public:
  CoroutineNode() : CoroutineResult<T>(std::coroutine_handle<CoroutineNode>::from_promise(*this)) {}

  Async<T> get_return_object() { return Async<T>(this); }
  void unhandled_exception() {
    KJ_IF_MAYBE (exception, kj::runCatchingExceptions([]() { throw; })) {
      this->result.addException(kj::mv(*exception));
    }
  }

  void get(kj::_::ExceptionOrValue& output) noexcept override {
    output.as<kj::_::FixVoid<T>>() = kj::mv(this->result);
  }

  template <typename P>
  auto await_transform(P&& promise) {
    return Awaiter<typename Awaited<P>::Type>(*this, promiseOf(promise));
  }

 private:
  template <typename P>
  struct Awaited {
    template <typename U>
    static U unwrap(kj::Promise<U>);
    using Type = decltype(unwrap(promiseOf(std::declval<P&>())));
  };
};

}  // namespace detail

// The return type of a coroutine. Convert it to a kj::Promise<T> or await it, once; dropping it
// cancels.
template <typename T>
class [[nodiscard]] Async {
 public:
  using promise_type = detail::CoroutineNode<T>;

  Async(Async&& other) noexcept : node(std::exchange(other.node, nullptr)) {}
  Async& operator=(Async&&) = delete;
  ~Async() noexcept {
    if (node != nullptr) node->destroyFrame();
  }

  operator kj::Promise<T>() && { return promise(); }

  // The same, spelled out, for chaining: `work().promise().then(…)`.
  kj::Promise<T> promise() {
    kj::_::PromiseNode* raw = std::exchange(node, nullptr);
    return kj::_::PromiseNode::to<kj::Promise<T>>(
        kj::Own<kj::_::PromiseNode>(raw, detail::FrameDisposer::instance));
  }

 private:
  explicit Async(promise_type* node) noexcept : node(node) {}
  promise_type* node;
  friend class detail::CoroutineNode<T>;
};

}  // namespace maitred
